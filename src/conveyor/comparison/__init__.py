"""Compares two runs or registered versions: parameters, test metrics, rows."""
