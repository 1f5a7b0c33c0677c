"""The queries of a data set: what is refused, without a password in the message; and the data sets
of the page."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from conveyor.compose import compose
from conveyor.config import ConfigError
from conveyor.paths import Paths

ROOT = Path(__file__).parents[2]
PAGE = "".join((ROOT / f"docs/{name}.md").read_text() for name in ("data", "howto/database"))
URL = "postgresql://reader:$TICKETS_PASSWORD@db.example.org/support"
DRIVER = "postgresql+psycopg2://db/support?user=reader"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project folder that holds the data sets of the page."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name, block in re.findall(r"```yaml\n# (conf/dataset/\w+.yaml)\n(.*?)```", PAGE, re.DOTALL):
        (folder / name).write_text(block)
    (folder / "params.yaml").write_text("choose: {dataset: tickets}")
    return Paths(folder)


def test_the_data_sets_of_the_page_are_valid(project: Paths) -> None:
    config = compose(project, ["retrain.refresh=sql"])
    assert config.dataset.source.sql is not None
    assert config.dataset.source.sql.url == URL
    wards = compose(project, ["choose.dataset=wards"])
    assert wards.dataset.columns.static.names == ["age", "ward"]


@pytest.mark.parametrize("url", [
    URL.replace("$TICKETS_PASSWORD", "hunter2"), f"{DRIVER}&password=hunter2",
    f"{DRIVER}&sslpassword=hunter2",
])  # fmt: skip
def test_a_password_in_the_configuration_is_refused_and_not_repeated(
    project: Paths, url: str
) -> None:
    with pytest.raises(ConfigError, match=r"sql\.url: expected no password in the URL") as refusal:
        compose(project, [f"'dataset.source.sql.url=\"{url}\"'".strip("'")])
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("url", [DRIVER, f"{DRIVER}&password=$SECRET", "duckdb:///a.db", "$URL"])
def test_a_url_without_a_password_is_accepted(project: Paths, url: str) -> None:
    compose(project, [f'dataset.source.sql.url="{url}"'])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("dataset.source.format=csv", "format parquet; got 'data/raw/tickets.parquet' of format"),
        ("dataset.source.files.all=data/tickets.parquet", "such as data/raw/NAME.parquet"),
        ("dataset.source.files.all=[data/raw/a.parquet]", "one file such as data/raw/NAME.parquet"),
        ("dataset.source.sql.queries={test: SELECT 1}", "expected the parts of files, all; got"),
        ("dataset.source.sql=null", "retrain.refresh: expected none or dvc, since"),
    ],
)
def test_files_must_be_what_the_queries_write(project: Paths, change: str, message: str) -> None:
    arguments: list[Any] = [change, "retrain.refresh=sql"]
    with pytest.raises(ConfigError, match=re.escape(message)):
        compose(project, arguments)
