"""Two retrainings started at once, again and again: exactly one of them works."""

from collections import Counter

import pytest
from clone import Clone
from two_nights import run_two_nights

TIMES = 20


@pytest.mark.belt
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_of_two_retrainings_at_once_exactly_one_works(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    clone = Clone.make(tmp_path_factory.mktemp("clone"))
    clone.edit("params.yaml", "train: {}", "train: {epochs: 1}\nretrain: {sweep: skip}")
    first = clone.run("python", "-m", "pipeline.retrain")
    assert first.code == 0, first.text
    came = Counter[int]()
    for number in range(TIMES):
        clone.edit("params.yaml", f"seed: {17 + number}", f"seed: {18 + number}")
        code, _ = run_two_nights(clone)
        came[code] += 1
        print(f"{number + 1} of {TIMES}: one ended with {code}, the other with 12")
    nights = clone.runs("retrain")
    assert [night.info.status for night in nights] == ["FINISHED"] * (1 + TIMES)
    assert len(clone.client().search_model_versions("name = 'smoke'")) == 1 + TIMES
    promotions = len(clone.run("python", "-m", "pipeline.promote", "history").text.splitlines())
    assert promotions == 1 + came[0]
