"""What the data stage says when data cannot be used."""

from conveyor.errors import InputError


class DataError(InputError):
    """The data or their description make training impossible or meaningless."""
