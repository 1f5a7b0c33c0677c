"""The job that a scheduler runs: nothing in it needs a person."""
