"""Compressed files, and files whose names lie."""

import bz2
import gzip
import lzma

from tests.badinput.text_tables import CSV, JSONL, LINES, case, zipped

COMPRESSED = [
    case("gzip under another name", "a.csv", gzip.compress(CSV.encode()), "compression 'gzip'", 0),
    case("bzip2 under another name", "a.csv", bz2.compress(CSV.encode()), "compression 'bz2'", 0),
    case("xz under another name", "a.csv", lzma.compress(CSV.encode()), "compression 'xz'", 0),
    case("zip under another name", "a.csv", zipped(CSV), "compression 'zip'", 0),
    case(
        "bzip2 under the name of gzip",
        "a.csv.gz",
        bz2.compress(CSV.encode()),
        "a.csv.gz: expected a file that is compressed with gzip; got first bytes b'BZh91A'. S",
    ),
    case(
        "text under the name of xz",
        "a.csv.xz",
        CSV,
        "a.csv.xz: expected a file that is compressed with xz; got first bytes b'text,l'. Set",
    ),
    case(
        "gzip twice",
        "a.csv.gz",
        gzip.compress(gzip.compress(CSV.encode())),
        # The share depends on the time in the header.
        "% are control characters, as in a binary file",
    ),
    case(
        "gzip with a wrong checksum",
        "a.csv.gz",
        gzip.compress(CSV.encode())[:-8] + b"\0" * 8,
        "a.csv.gz: expected a whole file compressed with gzip; got zlib inflate failed: incor",
    ),
    case(
        "gzip with more behind it",
        "a.csv.gz",
        gzip.compress(CSV.encode()) + b"more",
        "a.csv.gz: expected a whole file compressed with gzip; got zlib inflate failed: incor",
    ),
    case(
        "an encrypted zip",
        "a.csv.zip",
        zipped(CSV)
        .replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
        .replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
        "a.csv.zip: expected csv; got RuntimeError: File 'a.csv' is encrypted, password requi",
    ),
    case(
        "an empty zip",
        "a.csv.zip",
        b"PK\x05\x06" + b"\0" * 18,
        "a.csv.zip: expected a file that is compressed with zip; got first bytes b'PK\\x05\\x06",
    ),
    case(
        "a csv under the name of Excel",
        "a.xlsx",
        CSV,
        "a.xlsx: expected excel; got ZipError: invalid Zip archive: Could not find EOCD. Chan",
    ),
    case(
        "a csv under the name of Parquet",
        "a.parquet",
        CSV,
        "a.parquet: expected parquet; got ArrowInvalid: Parquet magic bytes not found in foot",
    ),
    case(
        "a csv under the name of Arrow",
        "a.arrow",
        CSV,
        "a.arrow: expected arrow; got ArrowInvalid: Not an Arrow file. Change the file, or da",
    ),
    case(
        "a csv under the name of JSON",
        "a.json",
        CSV,
        "a.json: expected an array of objects, or an object of columns of equal length; got E",
    ),
    case(
        "a csv under the name of JSON lines",
        "a.jsonl",
        CSV,
        "a.jsonl: expected jsonl; got ArrowInvalid: JSON parse error: Invalid value. in row 0",
    ),
    case(
        "JSON lines under the name of JSON",
        "a.json",
        JSONL,
        "a.json: expected an array of objects, or an object of columns of equal length; got E",
    ),
    case(
        "a JSON array under the name of JSON lines",
        "a.jsonl",
        "[" + ",".join(LINES) + "]",
        "40 rows read",
        0,
    ),
]
CASES = COMPRESSED
