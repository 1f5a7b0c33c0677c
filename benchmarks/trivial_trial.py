"""A trial that does nothing."""

from conveyor.sweep.protocol import Channel, TrialJob


def run(job: TrialJob, channel: Channel) -> dict[str, float]:
    return {"val_loss": job.config.model.dropout}
