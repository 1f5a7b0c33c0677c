"""Writes to the registry's store while another machine writes the same row."""

from typing import Any

import pytest
import sqlalchemy
from mlflow import MlflowClient
from mlflow.store.model_registry.dbmodels import models
from test_registry import YES, register

from conveyor.paths import Paths
from conveyor.registry.registry import Registry
from conveyor.registry.writes import retry_write

ROWS = {
    "tag of the model": (models.SqlRegisteredModelTag, MlflowClient.set_registered_model_tag,
                         ["toys", "key", "value"]),
    "tag of a version": (models.SqlModelVersionTag, MlflowClient.set_model_version_tag,
                         ["toys", "1", "key", "value"]),
    "alias": (models.SqlRegisteredModelAlias, MlflowClient.set_registered_model_alias,
              ["toys", "key", "1"]),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_another_machine_inserts_meanwhile_is_updated(
    toy_project: Paths, row: str
) -> None:
    registry, _ = register(toy_project, YES)
    table, method, arguments = ROWS[row]
    store = sqlalchemy.create_engine(registry.client.tracking_uri)

    def insert_elsewhere(_mapper: Any, _connection: Any, target: Any) -> None:
        values = {column.name: getattr(target, column.name) for column in table.__table__.columns}
        with store.begin() as connection:
            connection.execute(table.__table__.insert().values(values))

    sqlalchemy.event.listen(table, "before_insert", insert_elsewhere, once=True)
    retry_write(getattr(registry.client, method.__name__), *arguments)
    registered = Registry("toys", toy_project)
    texts = [*registered.tags().values(), *registered.version("1").tags.values()]
    assert "value" in texts or registered.aliases()["key"] == "1"
