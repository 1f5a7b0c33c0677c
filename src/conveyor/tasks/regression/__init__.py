"""One or more numbers a row."""
