"""The model card: the hub reads its front matter."""

from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from test_escape import evaluated

from conveyor.config import Config
from conveyor.evaluation import model_card
from conveyor.serving.card import read_card


def test_the_hub_reads_the_metrics_of_the_card(toy_product: Path, toy_config: Config) -> None:
    evaluation, data = evaluated()
    settings = toy_config.model_dump(mode="json")
    text = model_card.render(read_card(toy_product), settings, "0f3c", evaluation, data)
    card = ModelCard(text)
    results = card.data.eval_results
    assert results is not None
    assert {r.metric_type: r.metric_value for r in results} == {
        name: pytest.approx(value, abs=1e-6) for name, value in evaluation.scores.items()
    }
    assert {r.dataset_name for r in results} == {"toys"}
    assert "0f3c" in card.text
    assert f"{len(data.test.rows)} test rows" in card.text
    again = model_card.render(read_card(toy_product), settings, "0f3c", evaluation, data)
    assert again == text, "a pure function of its inputs, which DVC tracks"
