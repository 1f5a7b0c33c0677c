"""A set of labels a row, which may be empty."""
