"""What of the settings for serving the model allows."""

from conveyor.config.load import Config, ConfigError


def check_serving(config: Config) -> None:
    """Refuse before a training what an export could only refuse after it.

    Raises:
        ConfigError: int8 for a cell that ONNX Runtime cannot run so.
    """
    if config.serving.quantisation == "none":
        return
    searched = config.sweep.enabled and "model.cell" in config.sweep.space
    if config.model.cell != "lstm" or searched:
        came = "sweep.space.model.cell" if searched else f"model.cell={config.model.cell}"
        raise ConfigError(
            "the configuration is not valid:\n  serving.quantisation: int8 serves LSTM layers, "
            f"which ONNX Runtime has in int8, and {came} is asked for; take cell=lstm or "
            "quantisation=none"
        )
