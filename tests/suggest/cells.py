"""Cells of columns."""

from typing import Any

N = 60
PROSE = [f"please help me with order {i}" for i in range(N)]
TEAMS = ["billing", "network", "shop"]
NUMBERS = [float(i * i % 37) for i in range(N)]


def cycle(values: list[Any], rows: int = N) -> list[Any]:
    return [values[i % len(values)] for i in range(rows)]
