"""Writes the example of a data set with a tag for each token: requests for trips, in CoNLL's form.

python benchmarks/trips.py   # writes data/raw/trips/trips.conll, which is part of the project

A city is a place of departure or of arrival by the words around it, some of which are far from it,
so that neither a dictionary of tokens nor their neighbours are enough.
"""

import random
from collections.abc import Iterator
from pathlib import Path

PATH = Path(__file__).parents[1] / "data/raw/trips/trips.conll"
ROWS, SEED = 400, 7

PATTERNS = (
    "book a {airline} flight from {from} to {to} on {day}",
    "I want to go from {from} to {to} {day}",
    "find me a flight to {to} leaving {from} on {day}",
    "what does {airline} charge for {to} from {from} ?",
    "how far is {to} from {from} ?",
    "my way out is as follows : {from} , {to} , {day}",
    "my way back is as follows : {to} , {from} , {day}",
    "out with {airline} , these two cities : {from} {to}",
    "back with {airline} , these two cities : {to} {from}",
    "thanks , that is all for {day} in {to}",
)
CITIES = (
    "Oslo", "Lima", "New York", "Cape Town", "Paris", "San Jose", "Turin", "Riga", "Quito",
    "Rio de Janeiro", "Porto", "Las Palmas", "Bonn", "Graz", "Tampa", "New Orleans", "Kyoto",
    "Lyon", "Salt Lake City", "Nairobi", "Split", "Bergen", "Perth", "Dakar", "Izmir",
)  # fmt: skip
VALUES = {
    "from": CITIES,
    "to": CITIES,
    "day": ("Monday", "next Friday", "the 3rd of May", "tomorrow", "12 June", "Sunday evening"),
    "airline": ("Blue Wing", "Norair", "Sky Two", "Condora"),
}


def make_rows(rows: int, seed: int) -> Iterator[list[tuple[str, str]]]:
    """Yield tokens with their tags, in IOB, for each row."""
    draw = random.Random(seed)
    for _ in range(rows):
        row: list[tuple[str, str]] = []
        for piece in draw.choice(PATTERNS).split():
            kind = piece[1:-1] if piece.startswith("{") else None
            if kind is None:
                row.append((piece, "O"))
                continue
            tokens = draw.choice(VALUES[kind]).split()
            if draw.random() < 0.3:
                tokens = [token.lower() for token in tokens]
            prefixes = ["B", *"I" * (len(tokens) - 1)]
            row += [(t, f"{prefix}-{kind}") for t, prefix in zip(tokens, prefixes, strict=True)]
        yield row


def render(rows: int, seed: int) -> str:
    """Return the text of the file."""
    lines = ["# Requests for trips; written by benchmarks/trips.py.", ""]
    for row in make_rows(rows, seed):
        lines += [*(f"{token} {tag}" for token, tag in row), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(render(ROWS, SEED))
