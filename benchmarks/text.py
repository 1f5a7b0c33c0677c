"""Compares training on text: Conveyor's fit and plain Keras code.

    python benchmarks/text.py [--seeds 5] [--epochs 6]    # measures, writes text.json, prints
    python benchmarks/text.py --print                     # prints text.json

Both train on the data of the experiment `vader_tweets` with the same rows, tokens, network (two
bidirectional layers), optimizer, batch size and seed; the epoch of the lowest validation loss
predicts the test rows. Keras gets rows padded to the longest, Embedding(mask_zero=True),
keras.layers.LSTM, fit(). For each seed both run in turns, each in a process of its own. The seconds
of an epoch are the median without the first epoch.
"""

import argparse
import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import numpy as np
import yaml
from scipy import stats

from conveyor import files
from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.paths import Paths

ROOT, RESULT = Path(__file__).parents[1], Path(__file__).with_suffix(".json")
NAME, BAR, CONFIDENCE = "vader_tweets", 4.0, 0.95
CONTENDERS = ("conveyor", "keras")
BATCH, RATE = 32, 2e-3


def project(folder: Path) -> Config:
    """Compose the configuration of the experiment in a folder of its own."""
    (folder / "conf").symlink_to(ROOT / "conf")
    train = {"batch_size": BATCH, "optimizer": "adam", "learning_rate": RATE, "weight_decay": 0.0,
             "schedule": "constant", "refit": False, "folds": None}  # fmt: skip
    params = {"choose": {"experiment": NAME, "model": "bilstm"}, "train": train}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    return compose(Paths(folder))


def by_conveyor(config: Config, prepared: Prepared) -> tuple[list[float], float]:
    from conveyor.models.export import predict
    from conveyor.training.fit import fit
    from conveyor.training.threads import set_threads

    set_threads(config, os.cpu_count() or 1)
    times: list[float] = []
    model, _ = fit(config, prepared, progress=False,
                   on_validation=lambda number, row: times.append(time.perf_counter()))  # fmt: skip
    test = prepared.split("test")
    return times, float((predict(model, test.encoded).argmax(1) == test.targets).mean())


def by_keras(config: Config, prepared: Prepared) -> tuple[list[float], float]:
    import keras
    from keras import layers

    names = ("train", "validation", "test")
    splits = [prepared.split(name) for name in names]
    longest = max(int(split.sequences.lengths.max()) for split in splits)
    data = []
    for split in splits:
        rows = np.zeros((len(split.targets), longest), np.int32)
        for i, length in enumerate(split.sequences.lengths):
            rows[i, :length] = split.sequences[i]
        data.append((rows, np.asarray(split.targets)))
    train, validation, test = data
    model, training = config.model, config.train
    keras.utils.set_random_seed(config.seed)
    tokens = prepared.meta.vocabulary
    x = inputs = keras.Input((longest,), dtype="int32")
    x = layers.Embedding(tokens, model.embedding, mask_zero=True)(x)
    for depth, units in enumerate(model.units):
        more = depth + 1 < len(model.units)
        layer = layers.LSTM(units, dropout=model.dropout, return_sequences=more)
        x = layers.Bidirectional(layer)(x)
    outputs = layers.Dense(prepared.task.head(config.head).width, activation="softmax")(x)
    network = keras.Model(inputs, outputs)
    adam = keras.optimizers.Adam(training.learning_rate, global_clipnorm=training.clip_norm)
    network.compile(adam, "sparse_categorical_crossentropy", metrics=["accuracy"])
    times: list[float] = []
    stop = keras.callbacks.EarlyStopping(
        "val_loss", patience=training.epochs, restore_best_weights=True
    )
    clock = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: times.append(time.perf_counter())
    )
    network.fit(*train, validation_data=validation, epochs=training.epochs, verbose=0,
                batch_size=training.batch_size, callbacks=[stop, clock])  # fmt: skip
    answers = network.predict(test[0], batch_size=256, verbose=0)
    return times, float((answers.argmax(1) == test[1]).mean())


def fit_once(contender: str, seed: int, epochs: int, folder: Path) -> None:
    """Fit once in this process, and print the measurements."""
    prepared = Prepared(folder / "prepared")
    per_epoch = math.ceil(len(prepared.split("train").targets) / BATCH)
    changes = {"seed": seed, "train.epochs": epochs, "train.updates": epochs * per_epoch,
               "train.validate_every": per_epoch}  # fmt: skip
    config = overlay(compose(Paths(folder)), changes)
    work = by_conveyor if contender == "conveyor" else by_keras
    times, score = work(config, prepared)
    epoch = median(b - a for a, b in itertools.pairwise(times))
    print(json.dumps({"epoch_s": epoch, "accuracy": score}))


def measure(seeds: int, epochs: int) -> None:
    """Run all seeds, and write each as soon as it is done."""
    rows: list[dict[str, Any]] = []
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(project(folder).dataset, ROOT, folder / "prepared", folder / "cache")
        lengths = Prepared(folder / "prepared").split("train").sequences.lengths
        lengths_of_rows = {
            "rows": len(lengths),
            "mean": float(lengths.mean()),
            "longest": int(lengths.max()),
        }
        for seed in range(1, seeds + 1):
            print(f"seed {seed}", file=sys.stderr, flush=True)
            row: dict[str, Any] = {"seed": seed}
            for contender in CONTENDERS:
                command = [sys.executable, __file__, "--once", contender, "--seed", str(seed),
                           "--epochs", str(epochs), "--folder", name]  # fmt: skip
                done = subprocess.run(command, env=environment, capture_output=True, text=True)
                if done.returncode:
                    raise RuntimeError(done.stderr)
                row[contender] = json.loads(done.stdout.splitlines()[-1])
            rows.append(row)
            files.write_json(RESULT, {"name": NAME, "epochs": epochs, "cores": os.cpu_count(),
                                      "lengths": lengths_of_rows, "seeds": rows})  # fmt: skip


def speed(results: dict[str, Any]) -> float:
    """Compute the ratio of epochs a second, ours over Keras's, as the median over the seeds."""
    return median(r["keras"]["epoch_s"] / r["conveyor"]["epoch_s"] for r in results["seeds"])


def difference(results: dict[str, Any]) -> tuple[float, float]:
    """Compute the mean gain of accuracy over Keras, and half of its paired t interval."""
    gains = [r["conveyor"]["accuracy"] - r["keras"]["accuracy"] for r in results["seeds"]]
    wide = stats.t.ppf(0.5 + CONFIDENCE / 2, len(gains) - 1)
    return mean(gains), float(wide) * stdev(gains) / math.sqrt(len(gains))


def table(results: dict[str, Any]) -> str:
    lengths, seeds = results["lengths"], results["seeds"]
    lines = [
        f"{results['name']}: {lengths['rows']} training rows, {lengths['mean']:.1f} tokens in the "
        f"mean, {lengths['longest']} the longest; {len(seeds)} seeds, {results['epochs']} epochs, "
        f"{results['cores']} cores",
        "",
        "| | epochs a second | test accuracy, mean ± sd |",
        "| --- | --- | --- |",
    ]
    titles = {"conveyor": "Conveyor", "keras": "Keras, padded to the longest"}
    for contender in CONTENDERS:
        rate = median(1 / r[contender]["epoch_s"] for r in seeds)
        right = [r[contender]["accuracy"] for r in seeds]
        lines.append(
            f"| {titles[contender]} | {rate:.2f} | {mean(right):.4f} ± {stdev(right):.4f} |"
        )
    gain, half = difference(results)
    lines += [
        "",
        f"Ratio of the speeds, median over the seeds: {speed(results):.1f}. Difference of the "
        f"accuracies, paired by seed: {gain:+.4f} ± {half:.4f} ({CONFIDENCE:.0%} interval).",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--print", action="store_true", help="print text.json, run nothing")
    parser.add_argument("--once", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        fit_once(args.once, args.seed, args.epochs, args.folder)
    else:
        if not args.print:
            measure(args.seeds, args.epochs)
        print(table(files.read_json(RESULT)))
