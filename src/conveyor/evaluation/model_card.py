"""The model card: what the model is, how good it is and where it comes from, for whoever gets it.

Markdown with the front matter of the Hugging Face hub, whose `model-index` holds the test metrics.
"""

from typing import Any

import yaml

from conveyor.evaluation.report import PAGES, describe_comparison
from conveyor.evaluation.results import Evaluation, EvaluationInput
from conveyor.serving.card import Card

DIGITS = 6  # of a metric


def render(
    card: Card, settings: dict[str, Any], model_digest: str, evaluation: Evaluation,
    data: EvaluationInput,
) -> str:  # fmt: skip
    """Return the model card.

    Args:
        card: of the model folder.
        settings: with which the model was trained, the model folder's config.yaml.
        model_digest: SHA-256 of the model folder.
        evaluation: on the test rows of `data`.
    """
    rows = {split: len(part.rows) for split, part in _splits(data).items()}
    lengths = data.train.sequences.lengths
    front = yaml.safe_dump(_front_matter(card, evaluation, data), sort_keys=False)
    return PAGES.get_template("model_card.md").render(
        front=front,
        card=card,
        settings=settings,
        digest=model_digest,
        rows=rows,
        lengths=(int(lengths.min()), int(lengths.max())),
        evaluation=evaluation,
        metrics=data.task.metrics,
        comparison=describe_comparison(evaluation, data.task),
    )


def _splits(data: EvaluationInput) -> dict[str, Any]:
    return {"train": data.train, "validation": data.validation, "test": data.test}


def _front_matter(card: Card, evaluation: Evaluation, data: EvaluationInput) -> dict[str, Any]:
    """Return the fields of the hub's model cards: https://huggingface.co/docs/hub/model-cards."""
    metrics = [
        {"type": name, "name": data.task.metrics[name].title, "value": round(value, DIGITS)}
        for name, value in evaluation.scores.items()
    ]
    name = str(card.name)
    result = {
        "task": {"type": f"{data.kind}-{data.task.name}"},
        "dataset": {"type": name, "name": name, "split": "test", "revision": card.data_digest},
        "metrics": metrics,
    }
    return {
        "library_name": "keras",
        "tags": ["conveyor", "lstm", "onnx", data.kind, data.task.name],
        "metrics": list(evaluation.scores),
        "model-index": [{"name": name, "results": [result]}],
    }
