"""The format of a file by its name."""

from pathlib import Path

FORMATS = {
    "csv": "csv", "tsv": "tsv", "tab": "tsv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json",
    "parquet": "parquet", "pq": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow",
    "conll": "conll", "conllu": "conll", "xlsx": "excel", "xlsm": "excel", "ts": "ts",
    "arff": "arff",
}  # fmt: skip
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst", ".zip")


def without_compression(file: Path) -> Path:
    """Return the name of a file without the suffix of its compression."""
    return file.with_suffix("") if file.suffix.lower() in COMPRESSIONS else file


def suffix_of(file: Path) -> str:
    """Return the suffix of a file that is perhaps compressed, in lower case, without the dot."""
    return without_compression(file).suffix.lower().removeprefix(".")
