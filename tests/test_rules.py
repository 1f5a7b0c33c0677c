"""The house's rules, as tests: dvc.yaml against the code, and who may load what."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import grimp
import pytest
import yaml

from conveyor import config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from house import VOCABULARY, banned_identifiers, code_lines  # noqa: E402

TASKS = ROOT / "src/conveyor/tasks"
TASK_NAME = re.compile(
    "class_?names?|classes|n_classes|labels?|probabilit(y|ies)|probs?|softmax|accuracy"
)
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# Code that cannot change what a stage writes into a tracked file: records, paths, file helpers,
# the reading of the resolved configuration, hooks. So are package files that only import.
HARMLESS = ("conveyor.tracking", "conveyor.paths", "conveyor.files", "conveyor.config",
            "conveyor.errors", "conveyor.git", "conveyor.hooks", "conveyor.secrets",
            "conveyor.temporary", "conveyor.sync", "conveyor.resource_errors", "conveyor.recovery",
            "conveyor.held_lock", "conveyor.cli", "conveyor.stage_log",
            "conveyor.progress", "pipeline")  # fmt: skip
JOBS = (
    "retrain",
    "promote",
    "schedule",
    "serve",
    "predict",
    "fetch",
    "describe",
    "recover",
    "doctor",
    "report",
    "ui",
    "compare",
    "inspect",
    "states",
)
# Modules that a stage's processes import by name.
NAMED = {
    "sweep": ["conveyor.training.trial"],
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("pipeline", "conveyor", cache_dir=None)


def file_of(module: str) -> str:
    """Path of a module's source, relative to the project."""
    base = ROOT / ("src" if module.startswith("conveyor") else ".") / module.replace(".", "/")
    path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    return path.relative_to(ROOT).as_posix()


def code_of(graph: grimp.ImportGraph, stage: str) -> set[str]:
    """Source files that the stage's outputs depend on."""
    script = f"pipeline.{stage}"
    used = graph.find_upstream_modules(script)
    for named in NAMED.get(stage, []):
        used |= {named, *graph.find_upstream_modules(named)}
    for module in set(used):  # importing a.b.c runs a/__init__ and a/b/__init__ too
        while "." in module:
            module = module.rpartition(".")[0]
            used.add(module)
    harmless = tuple(m for m in HARMLESS if stage != "compose" or m != "conveyor.config")
    files = {file_of(m) for m in used if not m.startswith(harmless)} | {file_of(script)}
    return {file for file in files if holds_code(ROOT / file)}


def holds_code(file: Path) -> bool:
    """Defines something; a package's `__init__` mostly does not."""
    defines = (ast.FunctionDef, ast.ClassDef)
    return file.name != "__init__.py" or any(
        isinstance(node, defines) for node in ast.parse(file.read_text()).body
    )


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_reruns_a_stage_when_its_code_changes(graph: grimp.ImportGraph, stage: str) -> None:
    listed = STAGES[stage]["deps"]
    missing = {
        file for file in code_of(graph, stage)
        if not any(file == dep or file.startswith(f"{dep}/") for dep in listed)
    }  # fmt: skip
    assert not missing, f"add to the deps of {stage!r} in dvc.yaml: {sorted(missing)}"


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_lists_no_code_that_a_stage_does_not_use(graph: grimp.ImportGraph, stage: str) -> None:
    used = code_of(graph, stage)
    code = [d for d in STAGES[stage]["deps"] if d.startswith(("src/", "pipeline/"))]
    idle = [d for d in code if not any(f == d or f.startswith(f"{d}/") for f in used)]
    assert not idle, f"remove from the deps of {stage!r} in dvc.yaml: {idle}"


def keys_read_by(stage: str) -> set[str]:
    """Fields of the classes that the stage's script loads, as in `load(TrainConfig)`."""
    tree = ast.parse((ROOT / "pipeline" / f"{stage}.py").read_text())
    classes = [
        getattr(config, ast.unparse(call.args[0]))
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "load"
    ]
    return {key for config_class in classes for key in config_class.model_fields}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_the_keys_that_dvc_lists_for_it(stage: str) -> None:
    params = STAGES[stage].get("params", [])
    listed = {key for entry in params for key in entry["artifacts/config.yaml"]}
    assert keys_read_by(stage) == listed


@pytest.mark.parametrize("stage", sorted({*STAGES, *JOBS} - {"train"}))
def test_a_script_that_does_not_train_loads_no_tensorflow(stage: str) -> None:
    heavy = "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    code = f"import sys, pipeline.{stage}; {heavy}"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("stage", [*STAGES, *JOBS])
def test_a_script_stays_thin(stage: str) -> None:
    text = (ROOT / "pipeline" / f"{stage}.py").read_text()
    tree = ast.parse(text)
    assert len(code_lines(text, tree)) <= (40 if stage in STAGES else 60)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert all((f.end_lineno or 0) - f.lineno < 30 for f in functions)


@pytest.mark.parametrize(
    ("framework", "homes"),
    [
        (
            "hydra",
            ["config/overrides.py", "config/resolve.py", "sweep/check.py", "sweep/grammar.py"],
        ),
        ("datasets", ["data/"]),
        ("duckdb", ["data/", "fetch/"]),
        ("sqlalchemy", ["fetch/", "sweep/"]),
        ("optuna", ["sweep/"]),
        ("mlflow", ["registry/", "tracking/", "serving/mlflow_model.py", "doctor/records.py"]),
        ("keras", ["models/", "training/", "tasks/*/head.py"]),
        ("tensorflow", ["models/", "training/", "tasks/*/head.py"]),
        ("onnxruntime", ["models/quantise.py", "serving/"]),
        ("starlette", ["server/"]),
        ("uvicorn", ["server/"]),
        ("tqdm", ["progress.py"]),
        ("prometheus_client", ["server/metrics.py"]),
        (
            "matplotlib",
            ["plots/", "tasks/*/plots.py", "tasks/*/data_plots.py", "notebook/gate_picture.py"],
        ),
        ("ray", ["sweep/executors/ray_cluster.py"]),
        ("plotly", ["sweep/report/html_report.py"]),
    ],
)
def test_a_framework_has_one_home(framework: str, homes: list[str]) -> None:
    for path in (ROOT / "src/conveyor").rglob("*.py"):
        name = path.relative_to(ROOT / "src/conveyor").as_posix()
        if not any(fnmatchcase(name, f"{home}*") for home in homes):
            roots = {m.partition(".")[0] for m in imports_of(path)}
            assert framework not in roots, f"{name} imports {framework}"


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_no_file_is_two_rooms() -> None:
    code = [*ROOT.glob("src/**/*.py"), *ROOT.glob("pipeline/*.py")]
    limits = dict.fromkeys(code, 250) | dict.fromkeys(ROOT.glob("tests/**/*.py"), 350)
    long = {
        path.relative_to(ROOT).as_posix(): count
        for path, limit in limits.items()
        if (count := len(path.read_text().splitlines())) > limit
    }
    assert not long


def test_no_two_test_files_have_one_name() -> None:
    """pytest imports each as a module of that name, and refuses the second."""
    names = Counter(path.name for path in ROOT.glob("tests/**/test_*.py"))
    assert not [name for name, count in names.items() if count > 1]


def test_an_identifier_says_what_it_holds() -> None:
    problems = []
    for folder in ("src", "pipeline", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            problems += [
                f"{name}:{line}: {identifier}: {VOCABULARY[identifier.strip('_').lower()]}"
                for line, identifier in banned_identifiers(ast.parse(path.read_text()))
            ]
    assert not problems, "\n".join(problems)


def test_no_two_classes_have_one_name() -> None:
    """But each task implements the protocols of the facets, under their names."""
    names = Counter(
        class_name
        for folder in ("src", "pipeline")
        for path in (ROOT / folder).rglob("*.py")
        for class_name in classes_of(path)
        if path.parent.parent != TASKS
    )
    assert [name for name, count in names.items() if count > 1] == []
    homes = ("facets.py", "comparison.py", "answers.py", "explained.py")
    facets = {name for home in homes for name in classes_of(TASKS / home)}
    for folder in {path.parent for path in TASKS.glob("*/*.py")}:
        own = Counter(name for path in folder.glob("*.py") for name in classes_of(path))
        assert [name for name, count in own.items() if count > 1] == []
        assert own.keys() & names.keys() <= facets


def classes_of(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return [node.name for node in nodes if isinstance(node, ast.ClassDef)]


# A method of prometheus_client that names a series of figures.
ALLOWED = {("src/conveyor/server/metrics.py", "labels")}


def test_only_the_rooms_of_tasks_know_what_a_task_predicts() -> None:
    problems = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {name}"
        for folder in ("src", "pipeline", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if TASKS not in path.parents
        for line, name in identifiers_of(ast.parse(path.read_text()))
        if TASK_NAME.fullmatch(name.strip("_"))
        and (path.relative_to(ROOT).as_posix(), name) not in ALLOWED
    ]
    assert not problems, "\n".join(problems)


def identifiers_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and text of each name, attribute, parameter and definition of a file."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
