"""Rows that this project adds to Conveyor's tables, such as METRICS or CELLS.

Every stage depends on this file. docs/extending.md shows what may stand in it.
"""
