"""Trials without TensorFlow, importable by the trial processes of the tests."""

import os
import signal
import time
from pathlib import Path

from conveyor.sweep.protocol import Channel, TrialJob


def bowl(job: TrialJob, channel: Channel) -> dict[str, float]:
    """val_loss has its lowest point at dropout 0.3; some epochs, some milliseconds."""
    dropout = job.config["model"]["dropout"]
    loss = 1.0
    for epoch in range(1, 4):
        time.sleep(0.02)
        loss = (dropout - 0.3) ** 2 + 1 / (10 * epoch)
        channel.report(epoch, {"val_loss": loss, "val_accuracy": 1 - loss})
    return {"val_loss": loss, "val_accuracy": 1 - loss, "best_epoch": 3.0}


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


def broken(job: TrialJob, channel: Channel) -> dict[str, float]:
    raise RuntimeError("nothing works today")


def rising(job: TrialJob, channel: Channel) -> dict[str, float]:
    """Even trials are good from the start, odd ones bad: those should be pruned."""
    level = float(job.number % 2)
    for epoch in range(1, 11):
        channel.report(epoch, {"val_loss": level + 0.01 * epoch})
    return {"val_loss": level + 0.1}


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
