"""Answers to a whole file, in memory that does not grow with it."""
