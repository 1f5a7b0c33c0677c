"""The sections model, train, evaluate, serving and hooks."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from conveyor.extensions import rows_of
from conveyor.section import Section, Share
from conveyor.tasks.options import Report

CELLS = ("lstm", "gru", "simple")
POOLINGS = ("last", "mean", "max", "mean_max", "attention", "none")
Activation = Literal["tanh", "sigmoid", "relu", "softsign", "hard_sigmoid"]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
Auto = Literal["auto"]
Threads = Auto | PositiveInt


def _one_of(names: tuple[str, ...], table: str) -> AfterValidator:
    """Accept a name of these, or of a table of the project's extensions.py."""

    def check(name: str) -> str:
        allowed = [*names, *rows_of(table)]
        if name not in allowed:
            *others, last = map(repr, allowed)
            raise ValueError(f"expected {', '.join(others)} or {last}; got {name!r}")
        return name

    return AfterValidator(check)


Cell = Annotated[str, _one_of(CELLS, "CELLS")]
Pooling = Annotated[str, _one_of(POOLINGS, "POOLINGS")]


class Model(Section):
    """A stack of recurrent layers, pooled over time, under the head of the task."""

    cell: Cell  # lstm, gru, simple, or one of CELLS in extensions.py
    units: Annotated[tuple[PositiveInt, ...], Field(min_length=1, max_length=8)]  # bottom to top
    bidirectional: bool  # each layer reads the sequence in both directions
    activation: Activation  # of the cell state and the output
    recurrent_activation: Activation  # of the gates; not used by the simple cell
    # Of an LSTM: the forget gate's bias begins at 1 instead of 0, so that its cells keep more.
    unit_forget_bias: bool
    dropout: Rate  # share of each layer's inputs dropped while training
    recurrent_dropout: Rate  # share of the state dropped at each step; rules cuDNN out
    layer_norm: bool  # after each recurrent layer
    residual: bool  # adds a layer's input to its output where the widths agree
    embedding: PositiveInt  # width of a token's vector; not used for series
    word_dropout: Rate  # share of a text's words hidden while training; not used for series
    front: Literal["none", "convolution"]  # before the recurrent layers; its mean joins the head
    # Beside them: summary statistics of a series, or a bag of a text's words and pairs of words.
    wide: bool
    # How the outputs of the steps become one vector: last, mean, max, mean_max, attention, or one
    # of POOLINGS in extensions.py.
    pooling: Pooling
    head_dropout: Rate  # share of the inputs of the head dropped while training
    # On the processor: `fused` is compiled here and serves LSTM and GRU layers of tanh and sigmoid
    # in float32; auto takes it where it can and no GPU is there, whose cuDNN is faster.
    kernel: Literal["auto", "keras", "fused"]

    @model_validator(mode="after")
    def _check_kernel(self) -> "Model":
        needed = {"cell": ("lstm", "gru"), "activation": ("tanh",),
                  "recurrent_activation": ("sigmoid",), "recurrent_dropout": (0.0,)}  # fmt: skip
        wrong = [
            f"expected {name}={' or '.join(map(str, values))}, got {getattr(self, name)}"
            for name, values in needed.items()
            if getattr(self, name) not in values
        ]
        if self.kernel == "fused" and wrong:
            raise ValueError(f"kernel=fused: {'; '.join(wrong)}. Set model.kernel=auto")
        return self


class Train(Section):
    """How a fit runs: its budget in updates, optimiser, early stopping, devices and threads.

    What `auto` becomes is in config/budget.py, and in the first line of a fit.
    """

    updates: Auto | PositiveInt  # of the weights, one for each batch; a schedule ends with them
    epochs: PositiveInt | None  # upper limit of the updates, in passes over the rows
    batch_size: Auto | PositiveInt  # rows of an update
    validate_every: Auto | PositiveInt  # updates between two validations
    # Updates without a better validation before stopping; null: never.
    patience_updates: PositiveInt | None
    patience: PositiveInt | None  # likewise, in epochs
    # auto: a cross-validation chooses the number of updates where rows are few; null: never.
    folds: Auto | Annotated[int, Field(ge=2)] | None
    warmup_updates: NonNegativeInt  # in which the learning rate rises from 0
    # Of Keras, each with its defaults but for the settings below.
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"]
    learning_rate: Annotated[float, Field(gt=0.0, le=10.0)]  # the highest of the schedule
    # Of the learning rate: cosine falls to a hundredth by the last update, plateau halves it where
    # validation does not become better.
    schedule: Literal["constant", "cosine", "plateau"]
    weight_decay: NonNegativeFloat  # share of each weight taken off per update, times the rate
    clip_norm: PositiveFloat | None  # of the whole gradient
    refit: bool  # once the best update is known, fit anew on train + validation rows up to it
    bucket_batches: PositiveInt  # rows are sorted by length inside pools of so many batches
    # Steps of a chunk. Rows are read chunk by chunk with the states carried over, and gradients end
    # at a chunk's first step, so memory does not grow with the rows; null: whole rows.
    chunk: PositiveInt | None
    # Of the computations while training; the exported graph is float32.
    precision: Literal["float32", "mixed_float16", "mixed_bfloat16"]
    strategy: Literal["one", "mirrored"]  # devices: the first, or all visible ones
    callbacks: dict[str, Any]  # of extensions.py -> its options; null switches it off
    # The first weights of the stage `train`: random, or those of the model in data/init/champion.
    # Those of trials are random. retrain.init sets it, and makes the copy.
    init: Literal["scratch", "champion"]
    intra_op: Threads  # of TensorFlow inside one operation; auto: see training/threads
    inter_op: Threads  # operations of TensorFlow at once; auto: see training/threads

    @field_validator("callbacks")
    @classmethod
    def _check_callbacks(cls, callbacks: dict[str, Any]) -> dict[str, Any]:
        own = rows_of("CALLBACKS")
        for name in callbacks:
            if name not in own:
                names = ", ".join(own) or "none"
                raise ValueError(f"expected CALLBACKS of extensions.py, {names}; got {name!r}")
        return callbacks

    @model_validator(mode="after")
    def _check_combinations(self) -> "Train":
        if self.schedule == "plateau" and self.warmup_updates:
            raise ValueError(
                f"warmup_updates: expected 0 with schedule=plateau; got {self.warmup_updates}. Set "
                "train.warmup_updates=0 or train.schedule=cosine"
            )
        if self.folds and not self.refit and self.folds != "auto":
            raise ValueError(
                "refit: expected true with train.folds, which leave no model of all rows; got "
                "false. Set train.refit=true or train.folds=null"
            )
        return self


class Evaluate(Section):
    """What the report of the test rows holds."""

    bootstrap_samples: PositiveInt  # resamples of the test rows, from which intervals come
    confidence: Share  # of the bootstrap intervals
    length_slices: PositiveInt  # quantile slices of the test rows by length
    worst_rows: NonNegativeInt  # worst errors listed in the report, explained on a page beside it
    baselines: bool  # whether simple models are fitted and scored on the same rows
    report: Report  # what the report shows of the task


class Serving(Section):
    """The form of the graph that is served."""

    quantisation: Literal["none", "int8"]  # of the exported graph's weights, and of layers' inputs


class Hook(Section):
    """What gets events as JSON: a command reads them from stdin, a URL gets them by POST.

    `$NAME` in either is replaced by the environment variable NAME at each event, so that no file
    has to contain a secret.
    """

    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = None  # program and arguments
    url: str | None = None  # http or https

    @model_validator(mode="after")
    def _check_hook(self) -> "Hook":
        if (self.command is None) == (self.url is None):
            raise ValueError("expected either `command` or `url`")
        if self.url is not None and not re.match(r"https?://[^/@\s]+(/\S*)?$", self.url):
            raise PydanticCustomError(
                "secret",
                "expected a URL that begins with http:// or https://, without user and password. "
                "Write a secret as $NAME, a variable of the environment",
            )
        return self


class Hooks(Section):
    """The hooks and their retries. They get each change of champion, and each retraining that found
    a change or failed.
    """

    calls: tuple[Hook, ...]
    retries: NonNegativeInt  # after the first attempt
    wait: NonNegativeFloat  # seconds before the first retry, doubled before each further one
    timeout: PositiveFloat  # seconds of one attempt
