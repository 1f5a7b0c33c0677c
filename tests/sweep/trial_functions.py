"""Trials without TensorFlow, importable by the trial processes of the tests."""

import math
import os
import signal
import time
from pathlib import Path

from conveyor.sweep.protocol import Channel, TrialJob


def bowl(job: TrialJob, channel: Channel) -> dict[str, float]:
    """val_loss has its lowest point at dropout 0.3, and some noise by seed; some validations."""
    dropout, noise = job.config.model.dropout, job.config.seed % 7 / 100
    parameters = 100.0 * sum(job.config.model.units)
    channel.report(0, {"parameters": parameters})
    loss = 1.0
    for validation in range(1, 4):
        time.sleep(0.02)
        loss = (dropout - 0.3) ** 2 + 1 / (10 * validation) + noise
        channel.report(validation, {"val_loss": loss, "val_accuracy": 1 - loss})
    return {
        "val_loss": loss,
        "val_accuracy": 1 - loss,
        "best_epoch": 3.0,
        "parameters": parameters,
    }


def paced(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Says that it takes an hour: 360 updates of 10 seconds."""
    channel.report(0, {"parameters": 1.0, "updates": 360.0})
    channel.report_pace(10.0, 3)
    return {"val_loss": 0.5}


def moody(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Every way to fail, by the trial's number."""
    match job.number:
        case 1:
            raise RuntimeError("this trial does not like its parameters")
        case 2:
            os.kill(os.getpid(), signal.SIGKILL)
        case 3:
            return {"val_loss": float("nan")}
        case 4:
            time.sleep(60)
        case 5:
            os._exit(7)
    return bowl(job, channel)


def crashing(job: TrialJob, channel: Channel) -> dict[str, float]:
    if job.number == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    return bowl(job, channel)


def broken(job: TrialJob, channel: Channel) -> dict[str, float]:
    raise RuntimeError("nothing works today")


def rising(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Even trials are good and get better, odd ones bad and worse: those should be pruned."""
    level = float(job.number % 2)
    slope = 0.01 if level else -0.01
    for validation in range(1, 11):
        channel.report(validation, {"val_loss": level + slope * validation})
    return {"val_loss": level + 10 * slope}


def differing(job: TrialJob, channel: Channel) -> dict[str, float]:
    """As `rising`, but what the good ones reach depends on their parameters."""
    reached = rising(job, channel)["val_loss"]
    far = abs(math.log10(job.config.train.learning_rate) + 2.5)
    return {"val_loss": reached + 0.2 * job.config.model.dropout + 0.1 * far}


def costly(job: TrialJob, channel: Channel) -> dict[str, float]:
    """The larger, the better."""
    found = bowl(job, channel)
    return {**found, "val_loss": found["val_loss"] + 1000 / found["parameters"]}


def slow(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Leaves its process id, so that a test can look whether it lives on."""
    (Path(job.prepared) / f"pid-{os.getpid()}").touch()
    time.sleep(600)
    return {"val_loss": 0.0}


def overlapping(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Waits, at most 10 s, until another trial has begun."""
    mark = Path(job.prepared)
    (mark / f"begun-{job.number}").touch()
    end = time.monotonic() + 10
    while len(list(mark.glob("begun-*"))) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    return {"val_loss": float(len(list(mark.glob("begun-*"))) < 2), "threads": job.threads or 0}


def waiting(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Works once a file `go` is there; a test waits with it until all its drivers have begun."""
    while not (Path(job.prepared) / "go").exists():
        time.sleep(0.01)
    return bowl(job, channel)


def flaky(job: TrialJob, channel: Channel) -> dict[str, float]:
    """The second fit ever fails; what comes after it works."""
    mark = Path(job.prepared) / "begun"
    with mark.open("a") as file:
        file.write("x")
    if mark.stat().st_size == 2:
        raise RuntimeError("a bad moment")
    return bowl(job, channel)


def where(job: TrialJob, channel: Channel) -> dict[str, float]:
    """The device that the process was given, when another trial runs beside it."""
    overlapping(job, channel)
    return {"val_loss": 0.0, "device": float(os.environ["CUDA_VISIBLE_DEVICES"])}


def folded(job: TrialJob, channel: Channel) -> dict[str, float]:
    assert job.fold is not None
    return {"val_loss": float(job.fold[0]), "of": float(job.fold[1])}


def gated(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Four trials wait for the file go-0, the next four for go-1, and so on."""
    while not (Path(job.prepared) / f"go-{job.number // 4}").exists():
        time.sleep(0.02)
    return bowl(job, channel)


def unhurried(job: TrialJob, channel: Channel) -> dict[str, float]:
    time.sleep(0.5)
    return bowl(job, channel)


def instant(job: TrialJob, channel: Channel) -> dict[str, float]:
    return {"val_loss": job.config.model.dropout}
