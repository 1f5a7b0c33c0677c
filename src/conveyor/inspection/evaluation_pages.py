"""The pages that the stage evaluate writes beside its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conveyor.data.store import Split
from conveyor.inspection.explanation_page import render_errors
from conveyor.inspection.page import render_example
from conveyor.inspection.worst_errors import list_errors
from conveyor.paths import ERRORS_FILE, INSPECTION_FILE
from conveyor.serving import LoadedModel


def render_pages(
    folder: Path, model: LoadedModel, test: Split, worst: Sequence[Any] | None, digest: str
) -> dict[str, str | None]:
    """Return the pages by name, None where there is none: of the model's example, and of the worst
    errors.

    Args:
        folder: of the model.
        worst: errors on the rows of `test`, as the report lists them; None: it lists none.
        digest: of the folder.
    """
    pages = {INSPECTION_FILE: render_example(folder, model, digest), ERRORS_FILE: None}
    if worst is not None:
        pages[ERRORS_FILE] = render_errors(model, list_errors(model, test, worst), digest)
    return pages
