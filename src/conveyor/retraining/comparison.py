"""Compares the newest rows, or those of the request log, with the rows of the champion's training.

Nothing is trained, and nothing of the project is changed; only the champion's profile is saved with
its training run, where that was not done yet.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conveyor.config import RetrainConfig
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.errors import InputError
from conveyor.paths import Paths
from conveyor.raw_row import Row
from conveyor.registry.champion import load_champion
from conveyor.registry.model_version import ModelVersion
from conveyor.retraining.drift import Finding, Rate, Summary, compare
from conveyor.retraining.monitor import ChampionReader
from conveyor.retraining.profile import Profile, summarise_predictions, summarise_raw
from conveyor.retraining.review import review_data
from conveyor.serving import LoadedModel
from conveyor.temporary import temporary_folder
from conveyor.tracking.store import connect


@dataclass(frozen=True)
class DriftComparison:
    """The drift of some rows.

    Attributes:
        champion: its version.
        source: what the rows are.
        rows: their number.
        unit: what is counted, in the plural; see `Prepared.unit`.
        findings: one for each feature tested, those that drift first.
        note: why nothing was tested, or what was not; empty if there is nothing to say.
    """

    champion: str
    source: str
    rows: int
    findings: list[Finding]
    note: str = ""
    unit: str = "rows"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        """One line for the comparison, one for each feature, and the note."""
        lines = [f"champion: version {self.champion}; {self.source}: {self.rows} {self.unit}"]
        width = max((len(finding.feature) for finding in self.findings), default=0)
        for f in self.findings:
            state = "DRIFTS" if f.drifts else "same  "
            lines.append(f"{state}  {f.feature.ljust(width)}  {f.measure} {f.effect:.3f}  "
                         f"p {f.adjusted:.3g} ({f.test})")  # fmt: skip
        return "\n".join([*lines, *([self.note] if self.note else [])])


def compare_data(config: RetrainConfig, paths: Paths) -> DriftComparison:
    """Prepare the data as they are now, in a temporary folder, and compare what is new or
    relabelled in them.

    Raises:
        InputError: no version is champion, or the data cannot be prepared.
    """
    reader = ChampionReader(config, paths, connect(config.name, paths))
    champion, model = _load(reader)
    with temporary_folder(paths.scratch, "drift") as folder:
        prepare(config.dataset, paths.root, folder / "prepared", paths.scratch / "datasets")
        prepared = Prepared(folder / "prepared")
        review = review_data(config.retrain, prepared, champion.version, champion.age_days, model,
                             reader.profile(champion))  # fmt: skip
    inputs = review.inputs
    note = inputs.unknown or ""
    if not note and not review.findings:
        note = _few(inputs.arrived, inputs.unit, config)
    source = "new or relabelled since it was trained"
    return DriftComparison(
        champion.version, source, inputs.arrived, review.findings, note, inputs.unit
    )


def compare_requests(config: RetrainConfig, paths: Paths, folder: Path) -> DriftComparison:
    """Compare the rows of a request log. They have no targets, so these are not compared.

    Raises:
        InputError: no version is champion, its profile was never saved, or there is no log.
    """
    reader = ChampionReader(config, paths, connect(config.name, paths))
    champion, model = _load(reader)
    profile = reader.profile(champion)
    if profile is None:
        raise InputError(
            f"version {champion.version}: expected a profile of its training rows in the MLflow "
            "store; got none. `python -m pipeline.retrain` saves one with the next champion"
        )
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise InputError(
            f"{folder}: expected the records of a server; got none. Serve with --log-share 1, and "
            "--log-rows to compare more than lengths"
        )
    columns = ["length", "unknown", model.encoder.column, "static"]
    tables = [pq.read_table(file, columns=_present(file, columns)) for file in files]
    records = pa.concat_tables(tables, promote_options="default").to_pylist()
    note = ""
    if any(record[model.encoder.column] is None for record in records):
        before, now = _summarise_records(records, profile, model)
        note = "the log has no raw rows, so only what it has was compared; serve with --log-rows"
    else:
        before = profile.summary
        raw = [_raw_row(record, model) for record in records]
        predictions = model.predict(raw)
        now = summarise_raw(raw, model).merge(summarise_predictions(raw, model, predictions))
    enough = len(records) >= config.retrain.drift.rows
    findings = compare(before, now, config.retrain.drift) if enough else []
    return DriftComparison(champion.version, f"records in {folder}", len(records), findings,
                      note if enough else _few(len(records), "rows", config))  # fmt: skip


def _load(reader: ChampionReader) -> tuple[ModelVersion, LoadedModel]:
    reader.save_profile()
    champion = reader.champion()
    if champion is None:
        raise InputError(
            f"{reader.find_fault()}: expected a champion to compare with. Run "
            "`python -m pipeline.retrain`"
        )
    return champion, load_champion(champion, reader.paths)


def _few(rows: int, unit: str, config: RetrainConfig) -> str:
    return (
        f"not tested: {rows} {unit} are fewer than retrain.drift.rows={config.retrain.drift.rows}"
    )


def _present(file: Path, columns: list[str]) -> list[str]:
    return [name for name in columns if name in pq.read_schema(file).names]


def _raw_row(record: dict[str, Any], model: LoadedModel) -> Any:
    sequence, static = record[model.encoder.column], model.encoder.static
    return model.encoder.check_row(sequence if static is None else Row(sequence, record["static"]))


def _summarise_records(
    records: list[dict[str, Any]], profile: Profile, model: LoadedModel
) -> tuple[Summary, Summary]:
    """Summaries of the champion's rows and of records without raw rows: lengths as the network
    reads them, and unknown tokens."""
    lengths = np.array([record["length"] for record in records], np.float32)
    limit = np.inf if model.encoder.max_length is None else model.encoder.max_length
    before = {"length": np.minimum(profile.summary.samples["length"], limit)}
    rates = {}
    if model.encoder.unknown_token is not None:
        unknown = [record["unknown"] for record in records]
        rates["unknown tokens"] = Rate.of(unknown, [record["length"] for record in records])
    known_rates = {name: profile.summary.rates[name] for name in rates}
    return Summary({}, before, known_rates), Summary({}, {"length": lengths}, rates)
