"""The model registry: packages, registers, promotes, traces and rebuilds model versions."""
