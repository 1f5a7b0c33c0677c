"""A registered version carries the card of its model."""

from pathlib import Path

from mlflow.artifacts import download_artifacts
from test_registry import YES, register

from conveyor import files
from conveyor.paths import Paths
from conveyor.registry.package import Challenger


def test_a_version_carries_the_card_of_its_model(toy_project: Paths, tmp_path: Path) -> None:
    assert Challenger.read(toy_project).model_card is None
    files.write_text(toy_project.model_card, "# toys")
    register(toy_project, YES)
    folder = Path(download_artifacts("models:/toys/1", dst_path=str(tmp_path / "version")))
    assert (folder / "model_card.md").read_text() == "# toys"
