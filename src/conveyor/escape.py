"""Labels as text for plots, Markdown and MLflow. A label is data: it may hold any character.

HTML is escaped by `html.escape`, CSV by the `csv` module; both keep every character. A spreadsheet
would still take a cell that begins with `=` for a formula, and run it: see `csv_text`.
"""

import re
import unicodedata
from collections.abc import Collection
from hashlib import sha256
from html import escape

LONGEST_PLOT_TEXT = 40  # characters
LONGEST_MLFLOW_NAME = 250  # characters
FORMULA = re.compile(r"[=+\-@\t\r].")  # OWASP's list of first characters (CSV injection)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TAG_START = re.compile(r"<(?=[A-Za-z/!?])")
# Unicode's Default_Ignorable_Code_Point, of which Python holds these for printable.
IGNORABLE = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
                       r"\U000e0100-\U000e01ef]")  # fmt: skip
MARKDOWN_SYNTAX = re.compile(r"[\\`*\[|~$]|(?<!\w)_|_(?!\w)")  # "_" within a word is text


def one_line(text: str) -> str:
    """Replace each control character and line break by a space; quote a text that is invisible.

    >>> one_line("two\\nlines"), one_line(" ")
    ('two lines', "' '")
    """
    if not any(c.isprintable() and not c.isspace() for c in IGNORABLE.sub("", text)):
        return ascii(text)
    controls = ("Cc", "Zl", "Zp")
    return "".join(" " if unicodedata.category(c) in controls else c for c in text)


def plot_text(value: str) -> str:
    """One line of at most 40 characters; `conveyor.plots.save` draws it without mathematics."""
    text = one_line(value)
    return text if len(text) <= LONGEST_PLOT_TEXT else f"{text[: LONGEST_PLOT_TEXT - 1]}…"


def markdown_text(text: str) -> str:
    """Text that Markdown and its tables show as it is, on one line.

    >>> markdown_text("a|b <i> $x$ macro_f1 _y_")
    'a\\\\|b &lt;i&gt; \\\\$x\\\\$ macro_f1 \\\\_y\\\\_'
    """
    return MARKDOWN_SYNTAX.sub(r"\\\g<0>", escape(one_line(text), quote=False))


def plot_data_text(text: str) -> str:
    """A text for the data of `dvc plots`, which DVC writes into a script of its page as it is.

    A tag or a comment would end that script, so a space follows each `<` that could begin one.

    >>> plot_data_text("a</script><b> <= 1")
    'a< /script>< b> <= 1'
    """
    return TAG_START.sub("< ", text)


def csv_text(text: str) -> str:
    """A text for a cell of CSV, with an apostrophe before it if a spreadsheet would run it as a
    formula; numbers stay as they are.

    >>> csv_text("=1+1"), csv_text("-1"), csv_text("words")
    ("'=1+1", '-1', 'words')
    """
    is_formula = FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None
    return f"'{text}" if is_formula else text


def mlflow_name(text: str, existing: Collection[str] = ()) -> str:
    """A key that MLflow takes, and that differs from the `existing` ones.

    MLflow takes letters, digits, spaces and `_-.:/`, where a slash may not end or repeat. Here each
    other character and the slash becomes an underscore.

    >>> mlflow_name("class a|b"), mlflow_name("class a,b", ["class a_b"])
    ('class a_b', 'class a_b-4ada115e')
    """
    name = re.sub(r"[^\w .:-]", "_", text)[:LONGEST_MLFLOW_NAME]
    if name not in existing:
        return name
    digest = sha256(text.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_MLFLOW_NAME - 9]}-{digest}"
