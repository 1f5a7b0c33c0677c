"""Puts right what a killed process has left. Nothing here decides an output."""
