"""Tagging: one tag for each token of a text, or for each step of a series."""
