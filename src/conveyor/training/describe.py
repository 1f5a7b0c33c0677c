"""What the configured network is and costs: layers, cuDNN, parameters, FLOPs, memory."""

from collections.abc import Iterator

from conveyor.config import FitConfig
from conveyor.config.budget import plan_budget
from conveyor.data.store import Prepared
from conveyor.models.cudnn import cudnn_report
from conveyor.models.devices import gpu_line
from conveyor.training.compile import new_model
from conveyor.training.measure import measure_costs


def describe_network(config: FitConfig, prepared: Prepared) -> Iterator[str]:
    """Yield the lines that describe the network for the prepared data."""
    model = new_model(config, prepared, prepared.task.head(config.head), updates=1)
    costs = measure_costs(model, config, prepared)
    yield f"{config.name}: {model.name}"
    for layer in model.layers:
        if layer.weights:
            shape = " x ".join(str(size or "?") for size in layer.output.shape)
            kind, count = type(layer).__name__, layer.count_params()
            yield f"  {layer.name:20} {kind:16} {shape:14} {count:>11,}"
    yield f"parameters         {costs.parameters:,} ({costs.weight_bytes / 2**20:.2f} MiB)"
    yield f"FLOPs per sequence {costs.flops:,} forward, at the median of {costs.length} steps"
    static = prepared.encoder.static
    if static is not None:
        names = [*static.numbers]
        names += [f"{n} ({len(values)} categories)" for n, values in static.categories.items()]
        yield f"static columns     {', '.join(names)}: {static.width} inputs"
    budget = plan_budget(config.train, prepared.meta.counts["train"])
    training = f"{costs.training_bytes / 2**20:.1f} MiB per batch of {budget.batch_size}"
    yield f"training memory    at least {training}"
    yield f"training           {budget}"
    yield gpu_line()
    for line in cudnn_report(model):
        yield f"  {line}"
