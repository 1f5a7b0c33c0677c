"""Reads the result of a database query into a file under data/raw, which `prepare` reads."""
