"""Texts and labels that are odd or bad."""

import json

from tests.badinput.text_tables import (
    LINES,
    ROWS,
    case,
    csv_with,
    jsonl_with,
    labelled,
)

CELLS = [
    case(
        "blank texts of every kind",
        "a.jsonl",
        jsonl_with(
            *(
                json.dumps({"text": t, "label": "no"})
                for t in ("", " ", "\u200b", "\u00a0", "\ufeff")
            )
        ),
        "dropped: 5 empty_input",
        0,
    ),
    case(
        "forty blank texts",
        "a.csv",
        csv_with(*[" ,no"] * 40),
        "dataset.checks.max_dropped_share: expected a share of unusable rows of at most 0.05;",
        checks__max_dropped_share=0.05,
    ),
    case(
        "null texts",
        "a.jsonl",
        jsonl_with('{"text": null, "label": "no"}', '{"label": "no"}'),
        "dropped: 2 missing_input",
        0,
    ),
    case(
        "numbers as texts",
        "a.csv",
        "text,label\n" + "".join(f"{i},{i % 2}\n" for i in range(40)),
        "40 rows read",
        0,
    ),
    case(
        "lists in the text column",
        "a.jsonl",
        "".join(json.dumps({"text": [t], "label": y}) + "\n" for t, y in ROWS),
        "a.jsonl: column 'text': expected text; got lists (list<item: string>). Write the tex",
    ),
    case(
        "objects in the text column",
        "a.jsonl",
        "".join(json.dumps({"text": {"a": t}, "label": y}) + "\n" for t, y in ROWS),
        "a.jsonl: column 'text': expected text; got objects with keys a. Write the text into",
    ),
    case(
        "an object beside texts",
        "a.jsonl",
        jsonl_with('{"text": {"a": 1}, "label": "no"}'),
        "a.jsonl: column 'text': expected texts or numbers; some rows have a list or an objec",
    ),
    case(
        "a list beside texts",
        "a.jsonl",
        jsonl_with('{"text": ["a"], "label": "no"}'),
        "a.jsonl: column 'text': expected texts or numbers; some rows have a list or an objec",
    ),
    case(
        "objects of different kinds",
        "a.json",
        json.dumps([{"text": {"a": i if i % 2 else "b"}, "label": str(i % 2)} for i in range(40)]),
        "a.json: column 'text': expected texts or numbers; some rows have a list or an object",
    ),
    case(
        "lists of different kinds",
        "a.json",
        json.dumps([{"text": [i if i % 2 else "b"], "label": str(i % 2)} for i in range(40)]),
        "a.json: column 'text': expected texts or numbers; some rows have a list or an object",
    ),
    case(
        "lists in the label column",
        "a.jsonl",
        "".join(json.dumps({"text": t, "label": [y]}) + "\n" for t, y in ROWS),
        "a.jsonl: column 'label': expected one class a row; got list<item: string>. For sever",
    ),
    case(
        "an object beside labels",
        "a.jsonl",
        jsonl_with('{"text": "a", "label": {"a": 1}}'),
        "a.jsonl: column 'label': expected texts or numbers; some rows have a list or an obje",
    ),
    case(
        "booleans as texts",
        "a.jsonl",
        "".join(json.dumps({"text": i % 2 > 0, "label": str(i % 3)}) + "\n" for i in range(40)),
        "dataset.checks.min_rows: expected at least 1 training rows of each class; got 0 of c",
    ),
    case(
        "an integer of 401 digits",
        "a.jsonl",
        jsonl_with('{"text": "a", "label": ' + "9" * 401 + "}"),
        "41 rows read",
        0,
    ),
    case(
        "an integer of 5000 digits",
        "a.jsonl",
        jsonl_with('{"text": "a", "label": ' + "9" * 5000 + "}"),
        "a.jsonl: expected jsonl; got Exceeds the limit (4300 digits) for integer string conv",
    ),
    case(
        "JSON nested 100,000 deep",
        "a.jsonl",
        jsonl_with('{"text": ' + "[" * 100_000 + "]" * 100_000 + ', "label": 1}'),
        "a.jsonl: expected jsonl; got values that are nested too deeply. Change the file, or",
    ),
    case(
        "a JSON array nested 100,000 deep",
        "a.json",
        "[" * 100_000,
        "a.json: expected json; got values that are nested too deeply. Change the file, or da",
    ),
    case(
        "a line that is a list",
        "a.jsonl",
        jsonl_with("[1, 2]"),
        "a.jsonl: expected jsonl; got a row that is no object: '[1, 2]'. Change the file, or",
    ),
    case(
        "a line that is a text",
        "a.jsonl",
        jsonl_with('"words"'),
        "a.jsonl: expected jsonl; got a row that is no object: 'words'. Change the file, or d",
    ),
    case(
        "a line that ends too early",
        "a.jsonl",
        jsonl_with('{"text": "wo'),
        "a.jsonl: expected jsonl; got ArrowInvalid: JSON parse error: Invalid encoding in str",
    ),
    case(
        "a comma behind each line",
        "a.jsonl",
        ",\n".join(LINES) + "\n",
        "a.jsonl: expected jsonl; got ArrowInvalid: JSON parse error: The document is empty.",
    ),
    case("NaN in JSON", "a.jsonl", jsonl_with('{"text": NaN, "label": "no"}'), "41 rows read", 0),
    case(
        "single quotes in JSON",
        "a.jsonl",
        jsonl_with("{'text': 'a', 'label': 'no'}"),
        "a.jsonl: expected jsonl; got ArrowInvalid: JSON parse error: Missing a name for obje",
    ),
]
LABELS = [
    case(
        "labels that differ by blanks",
        "a.csv",
        csv_with(*[f"words x{i}, no " for i in range(9)]),
        "white space around these classes is left out in some rows: 'no'",
        0,
    ),
    case(
        "labels that differ by case",
        "a.csv",
        csv_with(*[f"words x{i},NO" for i in range(9)]),
        "classes 'NO' and 'no' differ by case only",
        0,
    ),
    case(
        "a label of one row",
        "a.csv",
        csv_with("words,maybe"),
        "dataset.checks.min_rows: expected at least 2 training rows of each class; got 1 of c",
        checks__min_rows=2,
    ),
    case("500 classes", "a.jsonl", labelled([f"class {i}" for i in range(500)]), "pipeline.", 0),
    case(
        "a class for each row",
        "a.csv",
        "text,label\n" + "".join(f"words {i},c{i}\n" for i in range(40)),
        "column 'label': expected classes of several rows; got 40 rows that all differ. Chang",
    ),
    case("labels of 10 kB", "a.jsonl", labelled(["a" * 10_000, "b" * 10_000]), "8 rows read", 0),
    case(
        "labels of HTML",
        "a.jsonl",
        labelled(["<script>alert(1)</script>", "<img src=x onerror=alert(1)>"]),
        "8 rows read",
        0,
    ),
    case(
        "labels that are formulas",
        "a.jsonl",
        labelled(["=1+1", "@SUM(A1)", "+1", "-1"]),
        "16 rows read",
        0,
    ),
    case(
        "labels with line breaks",
        "a.jsonl",
        labelled(["a\nb", "a\r\nb", "c"]),
        "classes 'a\\nb' and 'a\\r\\nb' differ by white space only",
        0,
    ),
    case(
        "labels that are dates", "a.jsonl", labelled(["2024-01-01", "2024-01-02"]), "8 rows read", 0
    ),
    case(
        "labels that are fractions",
        "a.csv",
        "text,label\n" + "".join(f"words {i},{i % 8}.5\n" for i in range(40)),
        "clas",
        0,
    ),
    case(
        "labels of -1 for none",
        "a.csv",
        "text,label\n" + "".join(f"words {i},{i % 3 - 1}\n" for i in range(40)),
        "40 rows read",
        0,
    ),
    case(
        "all rows equal",
        "a.csv",
        "text,label\n" + "same,no\n" * 20 + "same,yes\n" * 20,
        "dataset.checks.min_rows: expected at least 1 training rows of each class; got 0 of c",
    ),
    case(
        "each text twice, with another label",
        "a.csv",
        csv_with(*(f"{t},{'no' if y == 'yes' else 'yes'}" for t, y in ROWS)),
        "80 rows read",
        0,
    ),
]
CASES = [*CELLS, *LABELS]
