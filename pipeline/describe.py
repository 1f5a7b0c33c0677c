"""What the configured model is and costs: layers, cuDNN, parameters, FLOPs, memory."""

from argparse import ArgumentParser, Namespace

from conveyor.config import FitConfig, load, overlay
from conveyor.data.store import Prepared
from conveyor.models.cudnn import cudnn_report
from conveyor.models.devices import gpu_line
from conveyor.paths import Paths
from conveyor.sweep.best import BEST, read_best
from conveyor.training.compile import new_model
from conveyor.training.measure import measure_costs
from pipeline import run_script


def describe(config: FitConfig, paths: Paths, *, swept: bool) -> None:
    """Print the network for the prepared data; with `swept`, with the sweep's best parameters."""
    if swept:
        config = overlay(config, read_best(paths.sweep), origin=str(paths.sweep / BEST))
    prepared = Prepared(paths.prepared)
    model = new_model(config, prepared, prepared.task.head(config.head), rows=1)
    costs = measure_costs(model, config, prepared)
    print(f"{config.name}: {model.name}")
    for layer in model.layers:
        if layer.weights:
            shape = " x ".join(str(size or "?") for size in layer.output.shape)
            kind, count = type(layer).__name__, layer.count_params()
            print(f"  {layer.name:20} {kind:16} {shape:14} {count:>11,}")
    print(f"parameters         {costs.parameters:,} ({costs.weight_bytes / 2**20:.2f} MiB)")
    print(f"FLOPs per sequence {costs.flops:,} forward, at the median of {costs.length} steps")
    training = f"{costs.training_bytes / 2**20:.1f} MiB per batch of {config.train.batch_size}"
    print(f"training memory    at least {training}")
    print(gpu_line())
    for line in cudnn_report(model):
        print(f"  {line}")


def add_options(parser: ArgumentParser) -> None:
    swept = "describe the model with the best parameters of the sweep (default: as configured)"
    parser.add_argument("--swept", action="store_true", help=swept)


def main(args: Namespace) -> None:
    describe(load(FitConfig), Paths(), swept=args.swept)


if __name__ == "__main__":
    run_script(main, __doc__, add_options)
