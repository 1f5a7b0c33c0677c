"""From source files to the prepared store: read, check, split, encode, write."""
