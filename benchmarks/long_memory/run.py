"""How far back each cell remembers: SimpleRNN, GRU and LSTM on two problems, 12 to 800 steps.

    python benchmarks/long_memory/run.py [--workers 2] [--minutes 60] [--longest 800]

Every fit has the settings and the number of updates of `conf/experiment/long_memory.yaml`, and new
rows in each update. For each cell and length, the first of three seeds chooses the learning rate:
the one that learns soonest, by validation rows. A length counts as learned where the error on test
rows is under a tenth of that of the best constant answer. Outcomes are stored in results.json as
they come, so that a stopped run goes on where it was. Prints the table and draws
docs/long_memory.png (where each cell stops) and docs/gradient_by_lag.png (how much of the gradient
arrives); `--print` does so from the stored outcomes alone.
"""

import argparse
import sys
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from time import monotonic

from fits import Fit, Outcome
from lag_plots import plot_gradients, plot_lengths
from memory_results import LENGTHS, Results, table

HERE = Path(__file__).parent
RESULTS, DOCS = HERE / "results.json", HERE.parents[1] / "docs"


def measure(results: Results, workers: int, seconds: float, lengths: list[int]) -> None:
    """Run what is missing in `results`, and store each outcome; after some time begin no more."""
    from cell_fit import run_fit, start_worker  # loads TensorFlow, which --print does not need

    began, running = monotonic(), dict[Fit, "Future[Outcome]"]()
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker) as pool:
        while True:
            ready = [fit for fit in results.next_fits(lengths) if fit not in running]
            if monotonic() - began > seconds:
                ready = []
            for fit in ready[: workers - len(running)]:
                running[fit] = pool.submit(run_fit, fit, results.limit(fit))
            if not running:
                return
            done, _ = wait(running.values(), return_when=FIRST_COMPLETED)
            for future in done:
                outcome = future.result()
                del running[outcome.fit]
                results.outcomes.append(outcome)
                results.write(RESULTS)
                print(_describe(outcome), file=sys.stderr, flush=True)


def _describe(outcome: Outcome) -> str:
    fit = outcome.fit
    return (
        f"{fit.problem}, {fit.steps} steps, {fit.cell}, rate {fit.rate:g}, seed {fit.seed}: "
        f"error {outcome.test:.3g} after {outcome.updates} updates, {outcome.seconds:.0f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no fit later")
    parser.add_argument("--longest", type=int, default=LENGTHS[-1], help="steps")
    parser.add_argument("--print", action="store_true", help="only print and draw")
    args = parser.parse_args()
    stored = Results.read(RESULTS)
    if not args.print:
        chosen = [steps for steps in LENGTHS if steps <= args.longest]
        measure(stored, args.workers, 60 * args.minutes, chosen)
    print(table(stored))
    plot_lengths(stored, DOCS / "long_memory.png")
    plot_gradients(stored, DOCS / "gradient_by_lag.png")
