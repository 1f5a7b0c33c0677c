"""Real registered models, small: toys in three versions, the third broken, and words."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from registered import point, register
from server_process import Server, serving

from conveyor import files
from conveyor.data.store import Prepared
from conveyor.paths import Paths
from conveyor.serving.digests import write_digests


def become_version_2(model: Path) -> None:
    """Other class names and another scaling: no answer is that of version 1."""
    card, encoder = (files.read_json(model / f"{name}.json") for name in ("card", "encoder"))
    target = {**card["target"], "classes": ["falls", "rises"]}
    files.write_json(model / "card.json", {**card, "target": target})
    encoder["scale"] = [3 * scale for scale in encoder["scale"]]
    files.write_json(model / "encoder.json", encoder)
    write_digests(model)


@pytest.fixture(scope="session")
def project(
    tmp_path_factory: pytest.TempPathFactory, toys: Prepared, toy_product: Path, word_product: Path
) -> Iterator[Paths]:
    """Versions 1 and 2 of `toys`, version 3 whose graph is cut off, and `words`; no project
    configuration. `model-1` and `model-2` are the folders that were registered."""
    paths = Paths(tmp_path_factory.mktemp("served"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "DVC_ROOT"):
            patch.delenv(name, raising=False)
        shutil.copytree(toys.folder, paths.prepared)
        shutil.copytree(toy_product, paths.model)
        row = toys.split("test").rows[0]
        register("toys", paths, "series", row)
        shutil.copytree(paths.model, paths.root / "model-1")
        become_version_2(paths.model)
        register("toys", paths, "series", row)
        shutil.copytree(paths.model, paths.root / "model-2")
        files.write_bytes(paths.model / "model.onnx", b"cut off")
        write_digests(paths.model)
        register("toys", paths, "series", row)
        shutil.rmtree(paths.model)
        shutil.copytree(word_product, paths.model)
        register("words", paths, "text", "good morning")
        point(paths, 1)
        yield paths


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory, toy_product: Path, word_product: Path
) -> Iterator[dict[str, Server]]:
    """Two servers of folders, ready: a model of series and one of texts."""
    folder = tmp_path_factory.mktemp("log")
    paths = Paths(folder)
    with (
        serving(paths, folder / "toys", "--model", str(toy_product), "--name", "toys") as toys,
        serving(paths, folder / "words", "--model", str(word_product), "--name", "words") as words,
    ):
        yield {"toys": toys, "words": words}
