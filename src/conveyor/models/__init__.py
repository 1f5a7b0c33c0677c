"""Keras stacks from the configuration, what can be told about them, and their export."""

import conveyor.models.devices  # noqa: F401  # first, since it loads TensorFlow quietly
