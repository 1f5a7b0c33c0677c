"""The registered model: MLflow's "models from code", so nothing is pickled.

MLflow runs this file, beside a copy of this package, wherever the model is loaded or served. Raw
texts or raw series come in, and the answers are those that `evaluate` scored.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from conveyor.serving import LoadedModel

INPUT = {"text": "text", "series": "series"}  # the column of a row, by kind of model


class SequenceClassifier(PythonModel):
    """Answers a frame of one column, `text` (strings) or `series` (lists of steps)."""

    def load_context(self, context: Any) -> None:
        self.predictor = LoadedModel.load(Path(context.artifacts["model"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Returns: `label`, its `probability`, and `probabilities` of all classes by name."""
        del context, params
        rows = list(model_input[INPUT[self.predictor.kind]])
        return pd.DataFrame(self.predictor.predict(rows).records())


set_model(SequenceClassifier())
