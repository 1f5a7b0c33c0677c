"""The one kind of error that a person can mend without reading a traceback."""


class InputError(ValueError):
    """Configuration, data or an earlier stage's files are not usable; the message says what to do.

    A stage prints the message alone and exits with 2. Any other exception is a defect of the
    program and keeps its traceback.
    """
