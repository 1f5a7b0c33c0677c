"""Training: batches, the course of a fit, sweep trials, the exported product."""

import conveyor.models  # noqa: F401  # first, since it loads TensorFlow quietly
