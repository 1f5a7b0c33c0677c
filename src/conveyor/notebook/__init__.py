"""Models in Python: `conveyor.open` gives one that a notebook can ask.

Nothing is imported before a model is opened, so that `import conveyor` takes no time.
"""

from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conveyor.notebook.opened_model import OpenedModel


def open(
    source: str | PathLike[str], *, project: str | PathLike[str] | None = None
) -> "OpenedModel":
    """Open a model, from a folder or from the registry, without TensorFlow.

    Args:
        source: a model folder, such as artifacts/model or an exported one, from the working folder
            or else from the project's; or a registered model: NAME (its champion), NAME@ALIAS or
            NAME/VERSION, also as MLflow writes them, models:/NAME@ALIAS.
        project: the folder of the project whose MLflow store holds registered models; by default
            the project around the working folder. MLFLOW_TRACKING_URI names another store.

    Raises:
        InputError: there is no such folder, model, alias or version, or no store.
        FormatError: a file of the model is missing or damaged, or another version of the program
            wrote it.
    """
    from conveyor.notebook.find_model import find_model  # loads ONNX Runtime, and pandas
    from conveyor.notebook.opened_model import OpenedModel

    return OpenedModel(find_model(source, project))
