"""Two retrainings started at once, again and again: exactly one of them works."""

from collections import Counter

import pytest
from clone import Clone

pytestmark = pytest.mark.belt

BOTH = """
import subprocess, sys
night = [sys.executable, "-m", "pipeline.retrain"]
both = [subprocess.Popen(night, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)]
for process in both:
    output = process.communicate()[1]
    busy = [line for line in output.splitlines() if "another retraining is running" in line]
    print("END", process.pid, process.returncode, *busy)
"""


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(1, id="once"),
        pytest.param(20, id="twenty", marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_of_two_retrainings_at_once_exactly_one_works(
    tmp_path_factory: pytest.TempPathFactory, times: int
) -> None:
    clone = Clone.make(tmp_path_factory.mktemp("clone"))
    clone.edit("params.yaml", "train: {}", "train: {epochs: 1}\nretrain: {sweep: skip}")
    first = clone.run("python", "-m", "pipeline.retrain")
    assert first.code == 0, first.text
    came = Counter[int]()
    for number in range(times):
        clone.edit("params.yaml", f"seed: {17 + number}", f"seed: {18 + number}")
        done = clone.run("python", "-c", BOTH)
        ends = [line.split(maxsplit=3) for line in done.text.splitlines() if line[:4] == "END "]
        worked = [end for end in ends if end[2] != "12"]
        assert [end[2] for end in worked] in (["0"], ["11"]), done.text
        (pid, (other,)) = worked[0][1], [end for end in ends if end[2] == "12"]
        assert f"process {pid} on " in other[3]
        came[int(worked[0][2])] += 1
        print(f"{number + 1} of {times}: one ended with {worked[0][2]}, the other with 12")
    nights = clone.runs("retrain")
    assert [night.info.status for night in nights] == ["FINISHED"] * (1 + times)
    assert len(clone.client().search_model_versions("name = 'smoke'")) == 1 + times
    promotions = len(clone.run("python", "-m", "pipeline.promote", "history").text.splitlines())
    assert promotions == 1 + came[0]
