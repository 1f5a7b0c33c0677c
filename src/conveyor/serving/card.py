"""The card of an exported model: card.json, in every format that is still read."""

from pathlib import Path
from typing import Any, Literal

from conveyor import stored
from conveyor.config.dataset import SeriesColumns, TextColumns
from conveyor.config.source import KeptDialect
from conveyor.section import Section
from conveyor.tasks.options import Target, TargetSpec

CARD, CARD_FORMAT = "card.json", 2
TRAIN_ANEW = "Run `dvc repro train`, which makes it anew, or name another folder."


class Card(Section):
    """What an exported model says of itself.

    Attributes:
        kind: of the rows that it reads.
        target: what it predicts.
        columns: in which the files of its data set held the rows.
        dialect: of these files.
        target_options: how these files held the target; None for a forecast, whose target says it,
            and in models from before it was kept.
        features: numbers of an encoded step of a series.
        vocabulary: tokens of a text, padding and unknown included.
        characters: that are read of each token, where the tokens are given.
        alphabet: different characters, padding and unknown included.
        static_width: numbers of the encoded static columns, if there are any.
        flops: of one sequence of `flops_at_length` steps.
        refit: whether it was fitted on the validation rows too.
        data_digest: of the prepared data.
        initial_weights: digest of the model whose weights it began with; None: it began at random.
        precision: in which it was trained.
        validation: metrics of the best validation.
    """

    format: Literal[2]
    kind: Literal["text", "series"]
    target: TargetSpec
    columns: TextColumns | SeriesColumns | None = None
    dialect: KeptDialect | None = None
    target_options: Target | None = None
    features: int | None = None
    vocabulary: int | None = None
    characters: int | None = None
    alphabet: int | None = None
    static_width: int | None = None
    length: int | None = None
    name: str | None = None
    parameters: int | None = None
    flops: int | None = None
    flops_at_length: int | None = None
    best_update: int | None = None
    best_epoch: float | None = None
    refit: bool | None = None
    data_digest: str | None = None
    initial_weights: str | None = None
    precision: str | None = None
    validation: dict[str, float | None] | None = None


def read_card(folder: Path) -> Card:
    """Read the card of a model folder.

    Raises:
        FormatError: it is missing or damaged, or another version of the program wrote it.
    """
    path = folder / CARD
    values = stored.read_object(path, TRAIN_ANEW)
    if stored.read_format(values, (1, CARD_FORMAT), path, TRAIN_ANEW) == 1:
        values = _upgrade(values)
    return stored.check(Card, values, path, TRAIN_ANEW)


def _upgrade(values: dict[str, Any]) -> dict[str, Any]:
    """Return a card of the first format, from before there were tasks, in today's format. It lists
    what a classifier tells apart."""
    others = {key: value for key, value in values.items() if key != "classes"}
    if "classes" in values:
        others["target"] = {"task": "classification", "classes": values["classes"]}
    return {**others, "format": CARD_FORMAT}
