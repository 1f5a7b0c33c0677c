"""The registered model: MLflow's "models from code", so nothing is pickled.

MLflow runs this file, with a copy of this package, wherever the model is loaded or served. The
model takes raw texts or series and returns the predictions that `evaluate` scored.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from conveyor.serving import LoadedModel
from conveyor.serving.layout import find_layout


class SequenceModel(PythonModel):
    """Predicts from a frame with a column `text` (strings), `series` (lists of steps) or, for
    taggers of texts, `tokens` (lists of strings); and the static columns of the data set."""

    def load_context(self, context: Any) -> None:
        """Load the exported folder."""
        self.model = LoadedModel.load(Path(context.artifacts["model"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Returns: the fields of an answer, such as a class and its probability, for each row."""
        del context, params
        layout, names = find_layout(self.model.general_layouts, model_input.columns, "columns")
        rows = layout.read({name: list(model_input[name]) for name in names})
        return pd.DataFrame(self.model.predict(rows).records())


set_model(SequenceModel())
