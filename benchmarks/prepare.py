"""Compares Conveyor's prepare stage with `datasets` and `tokenizers` on a text data set.

    python benchmarks/prepare.py [--rows 10000 100000 1000000] [--rounds 3]

The data are generated short sentences, in one Parquet file and in one CSV file. `stage` reads the
file, checks it, splits it, learns a word vocabulary on the training rows, encodes all rows and
writes the store; `check` is its part before the encoding. `encode` encodes texts in memory with an
existing vocabulary. The peer does the
same steps as documented, without checks: `load_dataset`, `train_test_split`, `train_from_iterator`,
`map(batched=True)`, `save_to_disk`. Each run is a process of its own with a cache of its own. The
two take turns, and numbers are medians. Writes prepare.json; `--print` prints the stored results.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from generate import write_sentences

HERE = Path(__file__).parent
RESULTS = HERE / "prepare.json"
ENCODING: dict[str, Any] = {
    "tokenizer": "word", "lowercase": True, "unescape_html": False, "normalise": "nfc",
    "strip_accents": False, "vocabulary": 20000, "min_frequency": 2, "max_length": 64,
    "characters": 0,
    "raw_text": None,
}  # fmt: skip
Figures = dict[str, float]


def dataset(file: Path) -> Any:
    """The configuration of Conveyor's stage for this file."""
    from conveyor.config.dataset import TextDataset

    share = {"by": "share", "share": 0.1}
    return TextDataset.model_validate({
        "kind": "text", "name": "sentences",
        "source": {"format": file.suffix[1:], "files": {"all": file.name}, "hub": None,
                   "revision": None, "header": None, "delimiter": "auto", "quote": '"',
                   "encoding": "auto", "compression": "auto", "decimal": ".", "missing": [],
                   "sheet": None, "sql": None},
        "columns": {"text": "text", "separator": " ", "id": None},
        "target": {"task": "classification", "column": "label"},
        "split": {"seed": 1, "test": share, "validation": share, "group": None},
        "checks": {"min_rows": 1, "max_dropped_share": 0.5},
        "engine": {"threads": 2, "memory": "80MB"}, "encoding": ENCODING,
    })  # fmt: skip


def conveyor_stage(file: Path, folder: Path) -> None:
    from conveyor.data.prepare import prepare

    prepare(dataset(file), file.parent, folder / "prepared", folder / "cache")


def conveyor_check(file: Path, folder: Path) -> None:
    from conveyor.data.prepare import check_rows

    check_rows(dataset(file), file.parent, folder / "cache")


def peer_tokenizer(texts: Any) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordLevelTrainer(
        vocab_size=ENCODING["vocabulary"], min_frequency=ENCODING["min_frequency"],
        special_tokens=["[PAD]", "[UNK]"], show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.enable_truncation(ENCODING["max_length"])
    return tokenizer


def peer_encode(data: Any, tokenizer: Any) -> Any:
    def encode(batch: dict[str, list[str]]) -> dict[str, Any]:
        return {
            "input_ids": [encoded.ids for encoded in tokenizer.encode_batch_fast(batch["text"])]
        }

    return data.map(encode, batched=True)


def peer_stage(file: Path, folder: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    kind = file.suffix[1:]
    data = datasets.load_dataset(
        kind, data_files=str(file), split="train", cache_dir=str(folder / "cache")
    )
    data = data.class_encode_column("label")
    # Not stratified, unlike Conveyor: that alone takes 30 s for 100,000 rows here.
    rest = data.train_test_split(0.1, seed=1)
    parts = rest["train"].train_test_split(0.1 / 0.9, seed=1)
    parts["validation"], parts["test"] = parts.pop("test"), rest["test"]
    tokenizer = peer_tokenizer(batch["text"] for batch in parts["train"].iter(1000))
    tokenizer.save(str(folder / "tokenizer.json"))
    peer_encode(parts, tokenizer).save_to_disk(str(folder / "prepared"))


def encoding(file: Path, who: str, folder: Path) -> float:
    """Measure the seconds to encode all texts in memory; the vocabulary is learnt before."""
    import pyarrow.parquet as pq

    texts = pq.read_table(file, columns=["text"])
    first = texts["text"][:5000].to_pylist()
    if who == "Conveyor":
        from conveyor.config.dataset import TextEncoding
        from conveyor.encoding import TextEncoder

        encoder = TextEncoder.fit(first, TextEncoding.model_validate(ENCODING))
        rows = texts["text"].to_pylist()
        began = time.perf_counter()
        for start in range(0, len(rows), 4096):
            encoder.encode(rows[start : start + 4096])
        return time.perf_counter() - began
    import datasets

    datasets.disable_progress_bars()
    tokenizer = peer_tokenizer(first)
    data = datasets.Dataset(texts)
    began = time.perf_counter()
    peer_encode(data, tokenizer)
    return time.perf_counter() - began


def run_task(task: str, who: str, file: Path, folder: Path) -> Figures:
    """Run one program in this process; its seconds include imports."""
    began = time.perf_counter()
    if task == "encode":
        seconds = encoding(file, who, folder)
    else:
        own = conveyor_check if task == "check" else conveyor_stage
        {"Conveyor": own, "datasets": peer_stage}[who](file, folder)
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "MiB": peak}


def measure(task: str, who: str, file: Path) -> Figures:
    """Run one program in a process of its own, with a temporary folder."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent / "src"),
                       "HF_HUB_OFFLINE": "1", "HF_HOME": folder}  # fmt: skip
        command = [sys.executable, __file__, "--task", task, who, str(file), folder]
        done = subprocess.run(command, env=environment, text=True, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1])


def table(results: list[dict[str, Any]]) -> str:
    """Rows a second, peak memory and the ratio of the medians, as Markdown."""
    head = ["rows", "what", "Conveyor, rows/s", "datasets, rows/s", "Conveyor / datasets",
            "Conveyor, peak MiB", "datasets, peak MiB"]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for case in results:
        ours, theirs = case["Conveyor"], case["datasets"]
        if not theirs:  # only we check rows
            rate = case["rows"] / median(r["seconds"] for r in ours)
            memory = f"{median(r['MiB'] for r in ours):.0f}"
            lines.append([f"{case['rows']:,}", case["what"], f"{rate:,.0f}", "", "", memory, ""])
            continue
        rates = [case["rows"] / median(r["seconds"] for r in rounds) for rounds in (ours, theirs)]
        ratio = median(t["seconds"] / o["seconds"] for o, t in zip(ours, theirs, strict=True))
        memory = [f"{median(r['MiB'] for r in rounds):.0f}" for rounds in (ours, theirs)]
        lines.append([f"{case['rows']:,}", case["what"], *(f"{rate:,.0f}" for rate in rates),
                      f"{ratio:.2f}", *memory])  # fmt: skip
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def run(counts: list[int], rounds: int) -> None:
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            files = [write_sentences(Path(folder) / f"rows{count}.{end}", count)
                     for end in ("parquet", "csv")]  # fmt: skip
            tasks = [(task, file) for task in ("stage", "check") for file in files]
            for task, file in [*tasks, ("encode", files[0])]:
                what = task if task == "encode" else f"{task}, {file.suffix[1:]}"
                case: dict[str, Any] = {
                    "rows": count, "what": what, "Conveyor": [], "datasets": []
                }  # fmt: skip
                for number in range(rounds):
                    print(f"{count} rows, {what}: round {number + 1}", file=sys.stderr, flush=True)
                    for who in ("Conveyor",) if task == "check" else ("Conveyor", "datasets"):
                        case[who].append(measure(task, who, file))
                results.append(case)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--task"]:
        print(json.dumps(run_task(sys.argv[2], sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5]))))
        raise SystemExit
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[10**4, 10**5, 10**6])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--print", action="store_true", help="print prepare.json, run nothing")
    args = parser.parse_args()
    if not args.print:
        run(args.rows, args.rounds)
    print(table(json.loads(RESULTS.read_text())))
