"""Kill the belt at random instants, some hundred times, and check that nothing was lost.

    make chaos                    # 180 kills of the smoke experiment and 20 of the default one
    make chaos CHAOS="--seed 7"   # other instants
    make chaos CHAOS="--fresh"    # begin again; without it, an interrupted run goes on

The result is written to benchmarks/chaos.json.
"""

import argparse
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aftermath import find_problems
from clone import ROOT, Clone
from kills import COMMANDS, Chaos, Kill

from conveyor import files

RESULT = ROOT / "benchmarks" / "chaos.json"
SERVED = 15.0  # seconds after which a server is killed at the latest
FOLDER = Path(tempfile.gettempdir()) / "conveyor-chaos"


@dataclass(frozen=True)
class Plan:
    """The kills of one experiment.

    Attributes:
        name: of the registered model.
        seeds: params.yaml's seeds; each gives one version. The last one's belt is killed.
        weights: how often each command is chosen, relative to the others.
    """

    name: str
    kills: int
    seeds: tuple[int, ...]
    weights: dict[str, float]


PLANS = {
    "smoke": Plan("smoke", 180, (17, 18), {
        "repro": 4, "repro by force": 8, "prepare": 1, "evaluate": 1, "register": 3, "retrain": 3,
        "promote": 2, "promote by force": 2, "rollback": 2, "serve": 1,
    }),
    "japanese_vowels": Plan("japanese_vowels", 20, (17,), {"repro": 1, "repro by force": 1}),
}  # fmt: skip


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="begin again")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the clones")
    parser.add_argument("--kills", type=int, help="of each experiment, in place of the plan's")
    parser.add_argument("--only", choices=PLANS, help="kill this experiment alone")
    args = parser.parse_args()
    if args.fresh:
        shutil.rmtree(args.folder, ignore_errors=True)
    results = {
        name: run_plan(args.folder / name, name, plan, args.kills or plan.kills, args.seed)
        for name, plan in PLANS.items()
        if args.only in (None, name)
    }
    files.write_json(RESULT, {"seed": args.seed, "experiments": results})
    print(f"written to {RESULT}")
    raise SystemExit(any(result["problems"] for result in results.values()))


def run_plan(folder: Path, experiment: str, plan: Plan, count: int, seed: int) -> dict[str, Any]:
    """Make the clone, kill its commands so often, let one run end, and check what is there."""
    progress = folder / "progress.json"
    if not progress.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        prepare(folder, experiment, plan)
    state = files.read_json(progress)
    clone = Clone(folder / "clone")
    chaos = Chaos(clone, folder / "output.log", state["durations"])
    while (killed := sum(bool(kill["hit"]) for kill in state["kills"])) < count:
        number = len(state["kills"])  # some commands end before they are killed
        draw = random.Random(f"{seed}-{experiment}-{number}")
        kill = Kill.draw(draw, plan.weights)
        result = chaos.kill(kill, draw)
        state["kills"].append({"command": kill.command, **result.as_json()})
        files.write_json(progress, state)
        hit = f"killed {len(result.hit)}: {result.hit[0]}" if result.hit else "ended before"
        print(f"{experiment} {killed} of {count}: {kill.command}: {hit} {result.problem}",
              flush=True)  # fmt: skip
    chaos.end_survivors()
    return summarize(clone, folder, experiment, plan, state)


def prepare(folder: Path, experiment: str, plan: Plan) -> None:
    """Run the belt undisturbed, once for each seed, and measure it."""
    (folder / "clone").mkdir(parents=True)
    clone = Clone.make(folder / "clone", experiment)
    clone.set_up()
    previous = 17
    for seed in plan.seeds:
        clone.edit("params.yaml", f"seed: {previous}", f"seed: {seed}")
        began, previous = time.monotonic(), seed
        done = clone.run("python", "-m", "pipeline.retrain")
        assert done.code in (0, 11), done.text
    belt = time.monotonic() - began
    clone.commit("trained")
    (folder / "dvc.lock").write_bytes((clone.root / "dvc.lock").read_bytes())
    durations = {"repro": belt, "repro by force": belt, "serve": SERVED}
    for name in plan.weights.keys() - durations.keys():
        began = time.monotonic()
        clone.run(*COMMANDS[name])
        durations[name] = time.monotonic() - began
    files.write_json(folder / "progress.json", {"durations": durations, "kills": []})


def summarize(
    clone: Clone, folder: Path, experiment: str, plan: Plan, state: dict[str, Any]
) -> dict[str, Any]:
    """Let one run end, check the clone, and count."""
    last = clone.run("sh", "-c", "python -m pipeline.recover && dvc repro")
    night = clone.run("python", "-m", "pipeline.retrain")
    problems = [kill["problem"] for kill in state["kills"] if kill["problem"]]
    if last.code or night.code != 10:
        problems.append(f"the last run ended with {last.code}, the night after it with "
                        f"{night.code}: {(last.text + night.text)[-1500:]}")  # fmt: skip
    lock = (folder / "dvc.lock").read_bytes()
    problems += find_problems(clone, lock, plan.name, len(plan.seeds))
    hits = Counter(kill["command"] for kill in state["kills"] if kill["hit"])
    return {
        "experiment": experiment,
        "runs": len(state["kills"]),
        "killed": hits.total(),
        "killed_by_command": dict(hits),
        "half_written_locks": sum(kill["restored"] for kill in state["kills"]),
        "problems": problems,
    }


if __name__ == "__main__":
    main()
