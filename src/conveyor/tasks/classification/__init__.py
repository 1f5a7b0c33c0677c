"""One class a row."""
