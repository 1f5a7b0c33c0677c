"""Training: batches, the fit of one configuration, one trial of a sweep, the exported model."""
