"""The sweep: an Optuna study over the configuration, each trial a process of its own."""
