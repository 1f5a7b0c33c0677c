"""What names of columns and files usually mean."""

import re
import unicodedata

# Each set holds whole names or last parts of names, in lower case: "id" is in "machine_id".
IDS = {"id", "nr", "no", "key", "index", "uuid", "guid", "row", "number"}
TARGETS = {
    "label", "labels", "target", "targets", "class", "classes", "category", "categories", "intent",
    "topic", "topics", "tag", "tags", "y", "outcome", "sentiment", "team", "state", "status",
    "rating", "score", "species", "diagnosis", "emotion", "genre", "type", "price", "result",
}  # fmt: skip
GROUPS = {
    "patient", "user", "subject", "speaker", "customer", "machine", "device", "author", "session",
    "group", "participant", "person", "account", "sender", "unit", "client",
}  # fmt: skip
STEPS = {"t", "time", "step", "steps", "timestamp", "date", "datetime", "cycle", "frame", "tick",
         "second", "seconds", "index", "order", "position", "hour", "day", "ds"}  # fmt: skip
TEXTS = {"text", "message", "body", "content", "comment", "review", "sentence", "description",
         "document", "utterance", "question", "tweet", "post", "sms"}  # fmt: skip
PARTS = {"train": "train", "training": "train", "test": "test", "testing": "test",
         "valid": "validation", "validation": "validation", "val": "validation",
         "dev": "validation"}  # fmt: skip
FALLBACK = "data"


def means(name: str, names: set[str]) -> bool:
    """Return whether a name, or the last part of it, is in a set of names."""
    parts = split_name(name)
    return bool(parts) and ("_".join(parts) in names or parts[-1] in names)


def is_named(name: str) -> bool:
    """Return whether a column has a name of its own: pandas gives its index none, or one of these.

    >>> is_named("text"), is_named(""), is_named("Unnamed: 0"), is_named("__index_level_0__")
    (True, False, False, False)
    """
    return re.fullmatch(r"\s*|Unnamed: \d+|__index_level_\d+__", name) is None


def split_name(name: str) -> list[str]:
    """Return the parts of a name.

    >>> split_name("machineID"), split_name("Sent at.2")
    (['machine', 'id'], ['sent', 'at', '2'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [part.lower() for part in re.split(r"[^0-9A-Za-z]+", spaced) if part]


def part_of(file_name: str) -> str | None:
    """Return the part of a source that a file's name says it is, such as "train"."""
    parts = [PARTS[word] for word in split_name(file_name) if word in PARTS]
    return parts[0] if len(parts) == 1 else None


def slug(text: str) -> str:
    """Return a name for a data set.

    >>> slug("My tickets (2024)"), slug("train")
    ('my_tickets_2024', 'data')
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parts = [part for part in split_name(ascii_text) if part not in PARTS]
    return "_".join(parts)[:60].strip("_") or FALLBACK
