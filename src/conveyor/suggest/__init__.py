"""Writes a first description of a data set from its files. Every choice in it has a reason."""
