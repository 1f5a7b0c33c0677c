"""Latencies, by a clock that only the calls move."""

from typing import Any

import pytest

from conveyor.serving import latency


class Clock:
    """Stands for the module `time`; calls take what they say."""

    def __init__(self) -> None:
        self.now, self.calls = 100.0, []

    def perf_counter(self) -> float:
        return self.now

    def taking(self, name: str, *seconds: float) -> Any:
        left = list(seconds)

        def call(*_: Any) -> None:
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(latency, "time", clock)
    return clock


def test_calls_take_turns_and_the_first_ones_do_not_count(clock: Clock) -> None:
    calls = [clock.taking("a", 9.0, 9.0, 0.5), clock.taking("b", 7.0, 7.0, 0.25)]
    times = latency.measure_latencies(calls, warm_up=2, repeats=3)
    assert times == [[500.0] * 3, [250.0] * 3]
    assert clock.calls == ["a", "b"] * 5


def test_latency_is_the_median_of_one_raw_row_in_milliseconds(clock: Clock) -> None:
    class Model:
        predict = staticmethod(clock.taking("row", *[9.0] * 5, *[3.0] * 20, 0.25))

    assert latency.measure_latency(Model(), [[1.0]]) == 250.0  # type: ignore[arg-type]
    assert len(clock.calls) == 55
