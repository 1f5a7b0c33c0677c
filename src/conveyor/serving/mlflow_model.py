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


class SequenceModel(PythonModel):
    """Predicts from a frame with one column, `text` (strings) or `series` (lists of steps)."""

    def load_context(self, context: Any) -> None:
        """Load the exported folder."""
        self.model = LoadedModel.load(Path(context.artifacts["model"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Returns: the fields of an answer, such as a class and its probability, for each row."""
        del context, params
        rows = list(model_input[self.model.encoder.column])
        return pd.DataFrame(self.model.predict(rows).records())


set_model(SequenceModel())
