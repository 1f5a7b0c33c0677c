"""A retraining that begins with the champion's weights, in a real project."""

from pathlib import Path

import pytest
from clone import Clone

from conveyor import files

pytestmark = [pytest.mark.belt, pytest.mark.slow]


def test_a_night_begins_with_the_champions_weights_and_can_be_made_again(tmp_path: Path) -> None:
    clone = Clone.make(tmp_path)
    clone.dvc("repro")
    clone.commit("first run")
    champion = files.digest_tree(tmp_path / "artifacts/model")
    # The sweep runs again and finds the champion's parameters, whose shapes its weights have.
    clone.edit("params.yaml", "seed: 17\n", "retrain: {init: champion}\nseed: 17\n")
    clone.commit("begin with the champion")
    night = clone.run("python", "-m", "pipeline.retrain")
    assert night.code in (0, 11), night.text
    assert "train begins with the weights of version 1" in night.text
    assert "the first weights are those of the champion" in night.text
    card = clone.read("artifacts/model/card.json")
    assert card["initial_weights"] == champion
    why = clone.run("python", "-m", "pipeline.promote", "why", "2").text
    assert f"first weights  {champion}" in why
    assert "dvc pull data/init/champion.dvc" in why
    trained = files.digest_tree(tmp_path / "artifacts/model")
    clone.dvc("repro", "--force", "--single-item", "train")
    assert files.digest_tree(tmp_path / "artifacts/model") == trained
    rebuilt = clone.run("python", "-m", "pipeline.promote", "rebuild", "2")
    assert rebuilt.code == 0, rebuilt.text
