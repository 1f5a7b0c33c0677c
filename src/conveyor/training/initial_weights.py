"""The weights from which a fit begins where `train.init` is champion: those of an earlier model.

They are read from a copy of the champion's folder, data/init/champion, which the retraining makes.
DVC takes it for an input of the stage `train`, so that equal inputs give equal weights.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from conveyor import files
from conveyor.config import Train
from conveyor.data.store import Prepared
from conveyor.encoding import Encoder, load_encoder
from conveyor.errors import InputError
from conveyor.serving.card import read_card
from conveyor.serving.digests import check_digests
from conveyor.tasks.options import TargetSpec

log = logging.getLogger(__name__)

OF_TOKENS = ("embedding", "wide_words")  # layers that have a row for each token
OF_PAIRS = "wide_pairs"  # hashed by the numbers of two tokens
OF_CHARACTERS = "characters"  # has a row for each character of tokens
COPY_ANEW = "Run `python -m pipeline.retrain`, which copies the champion anew."
START_ANEW = "Set retrain.init=scratch"

OnBuilt = Callable[[keras.Model], None]


@dataclass(frozen=True)
class InitialWeights:
    """The weights of an earlier model.

    Attributes:
        layers: its arrays by layer.
        same_tokens: for each token that both vocabularies have, its number in the new one and in
            the earlier one, int (tokens, 2); None for series.
        same_vocabulary: whether every token has the same number in both.
        same_alphabet: whether every character of tokens has.
    """

    layers: Mapping[str, list[NDArray[Any]]]
    same_tokens: NDArray[np.integer] | None
    same_vocabulary: bool
    same_alphabet: bool = True

    @classmethod
    def read(cls, folder: Path, prepared: Prepared) -> "InitialWeights":
        """Read a model folder. It loads TensorFlow's runtime, so set the threads before.

        Raises:
            InputError: it is damaged, or it reads or answers other things than the data have.
        """
        check_digests(folder, COPY_ANEW)
        _require_equal_targets(read_card(folder).target, prepared.task.spec)
        encoder = load_encoder(folder / "encoder.json", COPY_ANEW)
        _require_equal_columns(encoder, prepared.encoder)
        old, new = encoder.tokens, prepared.encoder.tokens
        pairs = [(number, old[token]) for token, number in new.items() if token in old]
        same_tokens = np.array(sorted(pairs)) if new else None
        model: Any = keras.models.load_model(folder / "model.keras", compile=False, safe_mode=True)
        layers = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
        log.info("the first weights are those of the champion in %s", folder)
        if new:
            log.info("%d of %d tokens are known to it; the others begin at random",
                     len(pairs), len(new))  # fmt: skip
        return cls(layers, same_tokens, old == new, encoder.alphabet == prepared.encoder.alphabet)

    def set(self, model: keras.Model) -> None:
        """Give a new model these weights; those of new tokens stay as they are.

        Pairs of words are hashed by the numbers of their tokens, so they begin from scratch where
        the vocabulary has changed; so do characters where the alphabet has.

        Raises:
            InputError: a layer has another shape, or one of the models lacks it.
        """
        layers = {layer.name: layer for layer in model.layers if layer.weights}
        problems = [f"{name}: expected a layer in both models; got it in one"
                    for name in sorted(layers.keys() ^ self.layers.keys())]  # fmt: skip
        weights = {}
        for name in sorted(layers.keys() & self.layers.keys()):
            own, earlier = layers[name].get_weights(), self.layers[name]
            shapes = [[array.shape for array in arrays] for arrays in (own, earlier)]
            if name in (*OF_TOKENS, OF_CHARACTERS):
                shapes = [[shape[1:] for shape in each] for each in shapes]
            if shapes[0] != shapes[1]:
                problems.append(f"{name}: expected weights {shapes[1]}, as the champion; got "
                                f"{shapes[0]}")  # fmt: skip
            else:
                weights[name] = self._join(name, own, earlier)
        if problems:
            raise InputError(
                "train.init: the champion's weights do not fit this network:\n  "
                + "\n  ".join(problems)
                + f"\n{START_ANEW}, or the champion's values of `model`, and retrain.sweep=skip"
            )
        for name, arrays in weights.items():
            layers[name].set_weights(arrays)

    def _join(
        self, name: str, own: list[NDArray[Any]], earlier: list[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        if name == OF_PAIRS and not self.same_vocabulary:
            return own
        if name == OF_CHARACTERS and not self.same_alphabet:
            return own
        if name not in OF_TOKENS or self.same_tokens is None:
            return earlier
        new_numbers, old_numbers = self.same_tokens.T
        own[0][new_numbers] = earlier[0][old_numbers]
        return own


def keep_random(model: keras.Model) -> None:
    """Leave a new model its random weights."""


def find_origin(train: Train, folder: Path) -> str | None:
    """Return the digest of the model that gives the first weights; None where they are random, as
    they are before the first champion."""
    if train.init == "scratch":
        return None
    if folder.is_dir():
        return files.digest_tree(folder)
    log.warning("%s does not exist: the first weights are random", folder)
    return None


def _require_equal_targets(earlier: TargetSpec, now: TargetSpec) -> None:
    """Raise an InputError unless the outputs of both mean the same, in the same order."""
    names = [_names_of(spec) for spec in (earlier, now)]
    if names[0] != names[1]:
        raise InputError(
            f"train.init: expected the champion's target, {names[0]}; got {names[1]}. {START_ANEW}"
        )


def _names_of(spec: TargetSpec) -> dict[str, Any]:
    """The task, and the names that its outputs have, in their order."""
    return {
        name: value
        for name, value in spec.model_dump(mode="json").items()
        if name == "task"
        or (isinstance(value, list) and all(isinstance(item, str) for item in value))
    }


def _require_equal_columns(earlier: Encoder, now: Encoder) -> None:
    """Raise an InputError unless both read rows of one kind, with the same static columns."""
    inputs = [(encoder.kind, _static_names(encoder)) for encoder in (earlier, now)]
    if inputs[0] != inputs[1]:
        raise InputError(
            f"train.init: expected the champion's inputs, {inputs[0]}; got {inputs[1]}. "
            f"{START_ANEW}"
        )


def _static_names(encoder: Encoder) -> list[Any]:
    if encoder.static is None:
        return []
    return [[*encoder.static.numbers], [[*item] for item in encoder.static.categories.items()]]
