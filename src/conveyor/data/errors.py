"""Errors of the data stage."""

from conveyor.errors import InputError


class DataError(InputError):
    """The data, or their configuration, cannot be used for training."""
