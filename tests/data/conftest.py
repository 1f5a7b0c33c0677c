"""Fixtures of the tests of data."""

import pytest
from fitted_patients import NETWORKS, SMALL, Fit, Fitted
from patients import (
    NO_STATIC,
    STATIC,
    describe,
    patients,
    prepare_patients,
)

from conveyor.config import Config, overlay
from conveyor.serving import LoadedModel


@pytest.fixture(scope="session")
def fit_layout(tmp_path_factory: pytest.TempPathFactory, toy_config: Config) -> Fit:
    """Fits a network to patients in a layout, once."""
    from conveyor.training.fit import fit
    from conveyor.training.model_folder import write_model

    done: dict[tuple[str, bool], Fitted] = {}

    def fit_patients(layout: str, *, static: bool = True) -> Fitted:
        if (layout, static) not in done:
            folder = tmp_path_factory.mktemp(layout)
            columns = STATIC if static else NO_STATIC
            prepared, _ = prepare_patients(folder, layout, patients(), columns__static=columns)
            dataset = describe(layout, "rows.jsonl", columns__static=columns)
            changes = {"dataset": dataset.model_dump(mode="json"), **SMALL, **NETWORKS[layout]}
            config = overlay(toy_config, changes)
            write_model(*fit(config, prepared, progress=False), config, prepared, folder / "model")
            served = LoadedModel.load(folder / "model")
            done[layout, static] = Fitted(config, prepared, folder / "model", served)
        return done[layout, static]

    return fit_patients
