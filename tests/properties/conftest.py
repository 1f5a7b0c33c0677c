"""The same examples in each run, and no clock: a busy machine must not fail a property."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, max_examples=60,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
settings.load_profile("fixed")
