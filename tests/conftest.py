"""Small real data, prepared by the real stage, for whoever needs a store."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from toys import class_head, write_toys

from conveyor import files
from conveyor.compose import compose
from conveyor.config import Config, overlay
from conveyor.config.dataset import TextEncoding
from conveyor.data.prepare import prepare
from conveyor.data.store import Prepared
from conveyor.encoding import TextEncoder
from conveyor.paths import Paths
from conveyor.serving.digests import write_digests
from conveyor.serving.example import write_example

ROOT = Path(__file__).parents[1]
os.environ["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}:{ROOT / 'tests' / 'sweep'}"

SERIES = {
    "kind": "series", "name": "toys",
    "source": {"format": "jsonl", "files": {"all": "toys.jsonl"}, "hub": None, "revision": None,
               "header": None, "delimiter": "auto", "quote": '"', "encoding": "auto",
               "compression": "auto", "decimal": ".", "missing": [], "sheet": None, "sql": None},
    "columns": {"series": "series", "layout": "steps_first", "wide": None, "long": None,
                "id": None},
    "target": {"task": "classification", "column": "label", "classes": None, "thresholds": None},
    "split": {"seed": 1, "test": {"by": "share", "share": 0.25},
              "validation": {"by": "share", "share": 0.25}, "group": None},
    "checks": {"min_rows": 2, "max_dropped_share": 0.1},
    "engine": {"threads": 2, "memory": "200MB"},
    "encoding": {"missing": "refuse", "scaling": "standard", "max_length": None},
}  # fmt: skip
TINY = {
    "model.units": [6], "model.bidirectional": False, "model.dropout": 0.2, "model.front": "none",
    "model.pooling": "last", "model.head_dropout": 0.0,
    "train.epochs": 4, "train.batch_size": 8, "train.learning_rate": 0.02,
    "train.schedule": "constant", "train.refit": False, "train.folds": None, "sweep.enabled": False,
}  # fmt: skip


WORDS = ("good morning", "bad evening", "good evening to you", "a bad bad morning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Belts first: one that began last would leave the other process of `make test` idle."""
    items.sort(key=lambda item: item.get_closest_marker("belt") is None)


@pytest.fixture(scope="session")
def toy_config() -> Config:
    """The real configuration, on the toys and small."""
    whole = compose(Paths(ROOT))
    return overlay(whole, {"name": "toys", "dataset": SERIES, "head.label_smoothing": 0.0, **TINY})


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory, toy_config: Config) -> Prepared:
    """Prepared toys: 45 training, 15 validation, 20 test rows or about that."""
    root = tmp_path_factory.mktemp("toys")
    write_toys(root)
    prepare(toy_config.dataset, root, root / "prepared", root / "cache")
    return Prepared(root / "prepared")


@pytest.fixture(scope="session")
def toy_product(
    tmp_path_factory: pytest.TempPathFactory, toys: Prepared, toy_config: Config
) -> Path:
    """The model folder of a small, good network on the toys; copy it to change it."""
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model

    config = overlay(toy_config, {"train.epochs": 12, "train.patience": 12})
    folder = tmp_path_factory.mktemp("product") / "model"
    write_model(*fit(config, toys, progress=False), config, toys, folder)
    return folder


@pytest.fixture(scope="session")
def word_product(
    tmp_path_factory: pytest.TempPathFactory, toy_product: Path, toy_config: Config
) -> Path:
    """The model folder of a text model of random weights."""
    import keras

    from conveyor.models.build import build
    from conveyor.models.export import export

    folder = tmp_path_factory.mktemp("words") / "model"
    shutil.copytree(toy_product, folder)
    encoder = TextEncoder.fit(WORDS, TextEncoding(
        tokenizer="word", lowercase=True, unescape_html=False, normalise="none",
        strip_accents=False, vocabulary=50, min_frequency=1, max_length=8, characters=0,
        raw_text=None,
    ))  # fmt: skip
    config = overlay(toy_config, {"model.embedding": 4}).model
    vocabulary = encoder.size["vocabulary"]
    keras.utils.set_random_seed(1)
    head = class_head(2)
    model = build(config, head, vocabulary=vocabulary)
    card = {k: v for k, v in files.read_json(folder / "card.json").items() if k != "features"}
    told = {"name": "words", "kind": "text", "vocabulary": vocabulary,
            "target": {"task": "classification", "classes": ["no", "yes"]}}  # fmt: skip
    export(model, config, head, encoder, {**card, **told}, folder)
    write_example(folder, "good morning")
    write_digests(folder)
    return folder


@pytest.fixture(autouse=True)
def stores_of_the_environment() -> Iterator[None]:
    """Each test finds the store that the environment names, whatever the test before it set.

    MLflow's `set_tracking_uri` writes into the environment, where the next test would read it.
    """
    names = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
    before = {name: os.environ[name] for name in names if name in os.environ}
    yield
    for name in names:
        os.environ.pop(name, None)
    os.environ.update(before)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as MLflow makes it, to be copied: it takes two seconds over the tables each time."""
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}", f"sqlite:///{file}").search_experiments(max_results=1)
    return file


@pytest.fixture
def toy_project(
    tmp_path: Path,
    toys: Prepared,
    toy_product: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Paths:
    """A project folder after `train`, with an MLflow store of its own that is empty."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    paths = Paths(tmp_path)
    shutil.copytree(toys.folder, paths.prepared)
    shutil.copytree(toy_product, paths.model)
    shutil.copy(empty_store, paths.root)
    return paths
