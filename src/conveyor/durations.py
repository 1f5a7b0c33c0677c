"""Durations as people read them."""


def format_duration(seconds: float) -> str:
    """Return a duration in the unit that suits it.

    >>> [format_duration(seconds) for seconds in (8, 200, 9000, 400_000)]
    ['8 s', '3 min', '2.5 h', '4.6 days']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
