"""What surrounds the project decides no result: the same bytes, or a refusal that says why."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import yaml
from platformdirs import user_cache_path

from conveyor import environment
from conveyor.config import Config, overlay
from conveyor.data.store import Prepared
from conveyor.environment import check_environment, library_versions, set_variables
from conveyor.errors import InputError
from conveyor.sweep.storage import study_key
from conveyor.training import state
from conveyor.training.fit import fit

PROCESS = Path(__file__).parent / "fit_and_export.py"
KERAS_JSON = {"floatx": "float64", "epsilon": 1e-2, "backend": "tensorflow",
              "image_data_format": "channels_first"}  # fmt: skip
PLAIN_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
STYLE = "lines.linewidth: 9\nfont.family: monospace\nsavefig.dpi: 30\n"


@dataclass(frozen=True)
class Surroundings:
    """Where a command is started.

    Attributes:
        home: files of the home folder, by their paths; None for the tests' own folder.
        refusal: part of the message of a refusal; empty where the bytes are those of a clean place.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    home: Mapping[str, str] | None = None
    umask: int = -1
    refusal: str = ""


def keras_file(**values: Any) -> Surroundings:
    return Surroundings(home={".keras/keras.json": json.dumps(KERAS_JSON | values)})


ROWS = {
    "float64": keras_file(),
    "float16": keras_file(floatx="float16"),
    "no float type": keras_file(floatx="float8"),
    "backend of the home folder": keras_file(backend="torch"),
    "damaged keras.json": Surroundings(home={".keras/keras.json": "{"}),
    "style of the home folder": Surroundings(home={".config/matplotlib/matplotlibrc": STYLE}),
    "backend": Surroundings({"KERAS_BACKEND": "torch"}, refusal="expected tensorflow, with which"),
    "another backend": Surroundings({"KERAS_BACKEND": "jax"}, refusal="got jax. Unset it"),
    "home of Keras": Surroundings({"KERAS_HOME": "/dev/full"}),
    "epochs of Keras": Surroundings({"KERAS_MAX_EPOCHS": "many", "KERAS_NNX_ENABLED": "1"}),
    "old Keras": Surroundings({"TF_USE_LEGACY_KERAS": "1"}),
    "oneDNN": Surroundings({"TF_ENABLE_ONEDNN_OPTS": "1", "ONEDNN_MAX_CPU_ISA": "SSE41"}),
    "plain products": Surroundings({"TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL": "false"}),
    "compiler": Surroundings({"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit"}),
    "flags that do not exist": Surroundings({"XLA_FLAGS": "--nonsense=1"}),
    "TensorFlow's threads": Surroundings(
        {"TF_NUM_INTRAOP_THREADS": "7", "TF_NUM_INTEROP_THREADS": "1",
         "TF_OVERRIDE_GLOBAL_THREADPOOL": "1"}),
    "OpenMP's threads": Surroundings({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}),
    "another processor": Surroundings(
        {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"}),
    "no determinism": Surroundings({"TF_DETERMINISTIC_OPS": "0", "TF_CUDNN_DETERMINISTIC": "0"}),
    "hashes": Surroundings({"PYTHONHASHSEED": "7"}),
    "other hashes": Surroundings({"PYTHONHASHSEED": "8"}),
    "no asserts": Surroundings({"PYTHONOPTIMIZE": "2"}),
    "ASCII": Surroundings(PLAIN_ASCII),
    "time zone": Surroundings({"TZ": "Pacific/Chatham"}),
    "umask": Surroundings(umask=0o077),
    "open umask": Surroundings(umask=0o000),
    "no home": Surroundings({"HOME": "/dev/null"}),
}  # fmt: skip
# Those that give the same bytes, at once; each alone takes as long as all of them.
TOGETHER = Surroundings(
    {name: value for row in ROWS.values() if not row.refusal for name, value in
     row.variables.items() if name != "HOME"},
    {path: text for row in (keras_file(floatx="float16"), ROWS["style of the home folder"])
     for path, text in (row.home or {}).items()},
    umask=0o077,
)  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, toy_config: Config) -> Path:
    """A folder with the rows of the toys, one of their classes beyond ASCII, and config.yaml."""
    folder = tmp_path_factory.mktemp("source")
    draw = np.random.default_rng(3)
    with (folder / "toys.jsonl").open("w", encoding="utf-8") as file:
        for index in range(60):
            slope = 1 if index % 2 else -1
            steps = np.arange(draw.integers(3, 10))[:, None] * slope + draw.normal(size=(1, 2))
            row = {"series": steps.tolist(), "label": "höher" if slope > 0 else "tiefer"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    values = overlay(toy_config, {"train.epochs": 2}).model_dump(mode="json")
    text = yaml.safe_dump(values, allow_unicode=True)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


def run_in(row: Surroundings, source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "XDG_CACHE_HOME": str(user_cache_path().resolve())}
    for name in environment.FIXED:
        variables.pop(name, None)
    if row.home is not None:
        for name, text in row.home.items():
            (folder / "home" / name).parent.mkdir(parents=True)
            (folder / "home" / name).write_text(text)
        variables |= {"HOME": str(folder / "home")}
    if row is ROWS["no home"]:
        del variables["XDG_CACHE_HOME"]
    command = [sys.executable, str(PROCESS), str(source / "config.yaml"), str(source),
               str(folder / "output")]  # fmt: skip
    return subprocess.run(
        command, cwd=folder, env={**variables, **row.variables}, umask=row.umask, check=False,
        capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip


@pytest.fixture(scope="module")
def clean(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Digests of what is written where nothing is set."""
    done = run_in(Surroundings(), source, tmp_path_factory.mktemp("clean"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check(row: Surroundings, source: Path, folder: Path, clean: dict[str, Any]) -> str:
    done = run_in(row, source, folder)
    if row.refusal:
        assert done.returncode == 1
        assert row.refusal in done.stderr
        assert "Traceback" not in done.stderr
        assert not (folder / "output/model").exists()
        return done.stderr
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == clean
    return done.stderr


def test_all_surroundings_at_once_give_the_same_bytes(
    source: Path, tmp_path: Path, clean: dict[str, Any]
) -> None:
    check(TOGETHER, source, tmp_path, clean)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_each_of_the_surroundings_gives_the_same_bytes_or_is_refused(
    name: str, source: Path, tmp_path: Path, clean: dict[str, Any]
) -> None:
    check(ROWS[name], source, tmp_path, clean)


@pytest.mark.parametrize("name", [name for row in ROWS.values() for name in row.variables])
def test_what_the_belt_does_not_use_is_set_anew_and_said(
    name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    variables = {name: "7", "TF_VAR_region": "eu", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
    replaced = set_variables(variables)
    assert {"TF_VAR_region", "TF_FORCE_GPU_ALLOW_GROWTH"} <= variables.keys()
    assert variables["KERAS_BACKEND"] == "tensorflow"
    assert set_variables(variables) == {}  # a process that this one starts has nothing to replace
    harmless = name.startswith(("OMP_", "OPENBLAS_NUM", "PYTHON", "LC_", "TZ", "HOME"))
    assert replaced == ({} if harmless else {name: "7"})
    assert (variables.get(name) == "7") == harmless
    monkeypatch.setattr(environment, "REPLACED", replaced)
    if name == "KERAS_BACKEND":
        with pytest.raises(InputError, match="expected tensorflow, with which the belt trains"):
            check_environment()
    else:
        check_environment()
        assert (f"{name}=7 is not used" in caplog.text) != harmless


@pytest.mark.parametrize(
    ("flags", "used"),
    [
        ("--xla_gpu_cuda_data_dir=/usr/cuda", "--xla_gpu_cuda_data_dir=/usr/cuda"),
        ("--xla_a=1 --xla_gpu_cuda_data_dir='/a b' --xla_dump_to=/d",
         "--xla_gpu_cuda_data_dir='/a b' --xla_dump_to=/d"),
        ("--xla_gpu_deterministic_ops=false --xla_cpu_enable_fast_math", None),
        ("--xla_a=--xla_dump_to=/d", None),
        ("--xla_dump_to='/d", None),
        ("/a/file/of/flags", None),
    ],
)  # fmt: skip
def test_of_the_flags_of_xla_those_stay_that_say_where_something_is(
    flags: str, used: str | None
) -> None:
    variables = {"XLA_FLAGS": flags}
    replaced = set_variables(variables)
    assert variables.get("XLA_FLAGS") == used
    assert replaced == ({} if used == flags else {"XLA_FLAGS": flags})
    assert used is None or used in environment.describe_replaced("XLA_FLAGS", flags)
    assert set_variables(variables) == {}


def test_keras_computes_as_the_belt_says_whatever_was_set_before(
    toys: Prepared, toy_config: Config
) -> None:
    config = overlay(toy_config, {"train.epochs": 1})
    expected, _ = fit(config, toys, progress=False)
    before = keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format()
    try:
        keras.config.set_floatx("float64")
        keras.config.set_epsilon(0.1)
        keras.config.set_image_data_format("channels_first")
        model, _ = fit(config, toys, progress=False)
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_epsilon(before[1])
        keras.config.set_image_data_format(before[2])
    weights = zip(model.get_weights(), expected.get_weights(), strict=True)
    assert all(a.dtype == b.dtype and (a == b).all() for a, b in weights)


@pytest.mark.parametrize(
    "change",
    [{"float_type": "float16"}, {"intra_op": 64}, {"versions": {"keras": "3.0.0"}},
     {"device": "TPU"}],
)  # fmt: skip
def test_a_state_of_another_environment_is_not_resumed(
    toys: Prepared, toy_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, change: dict[str, Any],
) -> None:  # fmt: skip
    config = overlay(toy_config, {"train.epochs": 2})
    _, straight = fit(config, toys, progress=False)
    with monkeypatch.context() as elsewhere:
        described = json.dumps(json.loads(state.fit_environment()) | change)
        elsewhere.setattr(state, "fit_environment", lambda: described)
        other = overlay(config, {"train.learning_rate": 0.5})  # so that the state differs
        fit(other, toys, progress=False, scratch=tmp_path)
    _, history = fit(config, toys, progress=False, scratch=tmp_path)
    assert history.validations == straight.validations
    assert "is not resumed, but begun anew" in caplog.text
    assert next(iter(change)) in caplog.text


def test_a_sweep_of_other_libraries_is_another_study(
    toy_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = study_key(toy_config, "digest")
    assert study_key(toy_config, "digest") == key
    newer = {**library_versions(), "keras": "99"}
    monkeypatch.setattr("conveyor.sweep.storage.library_versions", lambda: newer)
    assert study_key(toy_config, "digest") != key
