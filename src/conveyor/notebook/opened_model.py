"""A model in memory, to be asked in Python."""

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conveyor import files
from conveyor.errors import InputError
from conveyor.inspection.trace import trace_row
from conveyor.notebook.answers import AnswerList, summary_of
from conveyor.notebook.file_scores import PAGES, FileScores, score_file
from conveyor.notebook.find_model import ModelSource
from conveyor.notebook.gate_maps import GateMaps
from conveyor.notebook.rows import read_row, read_rows
from conveyor.server.example_request import mlflow_body
from conveyor.server.live_model import DIGITS, load_folder, load_version
from conveyor.server.mlflow_protocol import list_answers

if TYPE_CHECKING:  # they load TensorFlow, and MLflow
    from conveyor.notebook.explained_answer import ExplainedAnswer
    from conveyor.notebook.registry_history import RegistryHistory

CONFIG = "config.yaml"  # of a model folder: the settings with which it was trained


class OpenedModel:
    """A model of a folder or of the registry; see `conveyor.open`.

    It answers raw rows as the server and `conveyor predict` do, by the same code.

    Attributes:
        name: of the model.
        version: its number in the registry; of a folder, the first digits of its digest.
        folder: with the exported model.
        model: the loaded model itself, with its `encoder`, `task` and `card`.
    """

    def __init__(self, source: ModelSource) -> None:
        self.folder, self._source = source.folder, source
        if source.version is None:
            live = load_folder(source.folder, None)
        else:
            live = load_version(source.version.name, source.version.version, source.folder)
        self.name, self.version, self.model = live.name, live.version, live.model
        self._digest = live.digest[:DIGITS]

    @property
    def example(self) -> dict[str, Any]:
        """A raw row of the training data, as `predict` takes it: its values by column."""
        return {name: cells[0] for name, cells in mlflow_body(self.model)["inputs"].items()}

    def predict(self, rows: Any) -> AnswerList:
        """Answer raw rows, in their order.

        Args:
            rows: a list of texts, of series (steps, channels), or of dictionaries; a dictionary of
                columns; a DataFrame with the columns of the data set or with the general one,
                `text` or `series`; a Series of texts; an array (rows, steps, channels). Numbers are
                in the data's unit, neither scaled nor padded. Of series in long form, and of
                histories that are forecast, each row of the DataFrame is a step.

        Returns:
            A dictionary for each row, as the server's `predictions`: its fields are those of the
            task, probabilities between 0 and 1 and numbers in the data's unit. A notebook shows it
            as a table; `frame()` returns one.

        Raises:
            InputError: the rows have another form, or a row cannot be read; the message names it,
                counted from 0.
        """
        parsed = read_rows(rows, self.model)
        return AnswerList(list_answers(parsed.predict(self.model), parsed))

    def gates(self, row: Any = None) -> GateMaps:
        """Compute what each recurrent layer does while it reads one row.

        Args:
            row: as one of those of `predict`; None: the model's example.

        Returns:
            Gates and states of all layers and directions, each (steps, units); a gate is between 0
            and 1. A notebook shows heat maps; `frame("cell state")` returns a table.

        Raises:
            InputError: the row cannot be read, or the network has no recurrent layer.
        """
        checked = read_row(self.example if row is None else row, self.model)
        return GateMaps(trace_row(self.folder, self.model, checked), self._digest)

    def explain(
        self, row: Any = None, *, output: str | None = None, step: int | None = None
    ) -> "ExplainedAnswer":
        """Compute which parts of a row moved a number of its answer.

        Integrated gradients follow the network's gradient, so that TensorFlow is loaded; occlusion
        checks them without it.

        Args:
            row: as one of those of `predict`; None: the model's example.
            output: the class, label, tag or column that is explained; None: what matters most in
                the answer.
            step: of a tagged row or of a horizon, from 1; None: what matters most.

        Returns:
            What each channel of each step adds to the number, (steps, channels), in its unit. A
            notebook shows the page of `conveyor explain`; `frame()` returns a table.

        Raises:
            InputError: the row cannot be read, or the answer has no such output or step.
        """
        from conveyor.inspection.explain import Explainer
        from conveyor.notebook.explained_answer import ExplainedAnswer

        checked = read_row(self.example if row is None else row, self.model)
        explainer = Explainer(self.folder, self.model)
        return ExplainedAnswer(explainer.explain(checked, output=output, step=step), self._digest)

    def evaluate(
        self, file: str | PathLike[str], *, samples: int = 1000, confidence: float = 0.95,
        seed: int = 17,
    ) -> FileScores:  # fmt: skip
        """Score the model on a file of rows with their targets.

        Args:
            file: in any format that `prepare` reads, with the columns and the dialect of the
                model's data set.
            samples: of the bootstrap for the intervals; 1 or more.
            confidence: of the intervals, a share between 0 and 1.
            seed: of the samples.

        Returns:
            Every metric of the task with its interval, as the stage `evaluate` computes them. Rows
            without a usable input or target are left out, and counted by what is wrong with them.
            Of forecasts, each origin of the file is a row that has the whole context before it and
            the horizon from it on, whatever the stride of the data set is. Their errors are in the
            unit of the data, and in standard deviations of the training steps; those that need the
            training steps of each series (mase) are left out, and `notes` says so.

        Raises:
            InputError: the file is missing, has another format, lacks a column or a usable row; or
                the model was trained before models kept how files hold their target.
        """
        if samples < 1 or not 0 < confidence < 1:
            raise InputError(
                "evaluate: expected samples of at least 1 and a confidence between 0 and 1; got "
                f"{samples} and {confidence}. Change them"
            )
        return score_file(self.model, Path(file), samples=samples, confidence=confidence, seed=seed)

    def history(self) -> "RegistryHistory":
        """Read all versions of the registered model, and each change of its champion.

        Returns:
            Two tables, `versions` and `changes`, which a notebook shows.

        Raises:
            InputError: the model was opened from a folder, or its store does not answer.
        """
        if self._source.version is None:
            raise InputError(
                f"history: expected a registered model; got the folder {self.folder}. Open it by "
                f"its name: conveyor.open({self.name!r})"
            )
        from conveyor.notebook.registry_history import read_history

        return read_history(self.name, self._source.paths)

    def __repr__(self) -> str:
        return f"<{self.name}, version {self.version}: {self.model.task.name} of {self.model.kind}>"

    def _repr_html_(self) -> str:
        return PAGES.get_template("model.html").render(
            model=self, lines=self._describe(), validation=self._list_validation()
        )

    def _describe(self) -> dict[str, Any]:
        """Return what the card says beside name, version and metrics, by its title."""
        model, version = self.model, self._source.version
        lines: dict[str, Any] = {"task": model.task.name, "reads": self._describe_rows()}
        config = self.folder / CONFIG
        if config.is_file():
            network = files.read_yaml(config)["model"]
            both = ", both directions" if network["bidirectional"] else ""
            lines["network"] = f"{network['cell']} {', '.join(map(str, network['units']))}{both}"
        if model.card.parameters is not None:
            lines["parameters"] = f"{model.card.parameters:,}"
        if version is not None:
            lines["verdict"] = summary_of(version.description) or version.verdict or "none"
        return lines

    def _describe_rows(self) -> str:
        names = [", ".join(layout.names) for layout in self.model.layouts]
        columns = " or ".join(dict.fromkeys(names))
        static = ", ".join(self.model.static.names)
        return f"{self.model.kind}: {columns}{static and f', beside {static}'}"

    def _list_validation(self) -> list[tuple[str, float]]:
        """Return title and value of each metric of the best validation."""
        metrics, values = self.model.task.metrics, self.model.card.validation or {}
        numbers = {name: values.get(f"val_{name}") for name in metrics.validation}
        return [
            (metrics[name].title, value) for name, value in numbers.items() if value is not None
        ]
