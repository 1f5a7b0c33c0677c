"""No file that is read can run code: no pickle, no unsafe YAML, no eval, no Lambda of Keras."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = {"cloudpickle", "code", "dill", "h5py", "joblib", "jsonpickle", "marshal", "pickle",
           "runpy", "shelve", "torch"}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__"}
# Calls by the end of their name, and the keyword that makes them safe; None: never.
CALLS: dict[str, tuple[str, object] | None] = {
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "load_model": ("safe_mode", True),  # of Keras
    "enable_unsafe_deserialization": None,
    "read_pickle": None,
    "yaml.full_load": None,
    "yaml.unsafe_load": None,
    "yaml.Loader": None,
    "extractall": None,
    "os.system": None,
    "os.popen": None,
    "load_op_library": None,
    "import_module": None,
    "pyfunc.load_model": None,  # runs the code that a model brings
    "create_function": None,
}
SAFE_LOADERS = {"yaml.SafeLoader", "yaml.CSafeLoader"}
# What loads code on purpose, and whose code it is.
ALLOWED = {
    ("src/conveyor/models/kernels/library.py", "load_op_library"):
        "compiled here from the project's own sources",
    ("src/conveyor/sweep/executors/processes.py", "import_module"):
        "the trial's function, which the program names",
    ("src/conveyor/tasks/task.py", "import_module"):
        "a task of the program, whose name has been checked against TASKS",
}  # fmt: skip


def unsafe_loads(path: str, text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = names if isinstance(node, ast.Import) else [node.module or ""]
            for module in modules:
                if module.partition(".")[0] in MODULES:
                    yield f"{path}:{node.lineno}: import {module}"
        elif isinstance(node, ast.Call):
            problem = problem_of(node)
            if problem and (path, problem.rpartition(".")[2]) not in ALLOWED:
                yield f"{path}:{node.lineno}: {problem}"


def problem_of(call: ast.Call) -> str | None:
    name = ast.unparse(call.func)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    shell = keywords.get("shell")
    if shell is not None and ast.unparse(shell) != "False":
        return f"{name}(shell=...)"
    if name in BUILTINS:
        return name
    if name == "yaml.load":
        loader = keywords.get("Loader", call.args[1] if len(call.args) > 1 else None)
        return None if loader and ast.unparse(loader) in SAFE_LOADERS else name
    for unsafe, safe in CALLS.items():
        if name == unsafe or name.endswith(f".{unsafe}"):
            value = keywords.get(safe[0]) if safe else None
            is_safe = safe and isinstance(value, ast.Constant) and value.value is safe[1]
            return None if is_safe else name
    return None


@pytest.mark.parametrize("folder", ["src", "pipeline"])
def test_nothing_that_is_read_can_run_code(folder: str) -> None:
    problems = [
        problem
        for path in sorted((ROOT / folder).rglob("*.py"))
        for problem in unsafe_loads(path.relative_to(ROOT).as_posix(), path.read_text())
    ]
    assert problems == []


def test_what_loads_code_on_purpose_still_does() -> None:
    for path, call in ALLOWED:
        assert call in (ROOT / path).read_text(), f"remove {path} from ALLOWED"


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from joblib import load", "import torch.nn", "np.load(path)",
        "np.load(path, allow_pickle=True)", "np.load(path, allow_pickle=allow)",
        "keras.models.load_model(path)", "keras.models.load_model(path, safe_mode=False)",
        "keras.config.enable_unsafe_deserialization()", "yaml.load(text)",
        "yaml.load(text, yaml.Loader)", "yaml.load(text, Loader=yaml.FullLoader)",
        "yaml.unsafe_load(text)", "pd.read_pickle(path)", "eval(text)", "exec(text)",
        "subprocess.run(line, shell=True)", "subprocess.run(line, shell=shell)",
        "os.system(line)", "archive.extractall(folder)", "mlflow.pyfunc.load_model(uri)",
        "importlib.import_module(name)", "tf.load_op_library(path)",
    ],
)  # fmt: skip
def test_each_unsafe_load_is_recognised(line: str) -> None:
    assert list(unsafe_loads("src/conveyor/any.py", line))


@pytest.mark.parametrize(
    "line",
    [
        "np.load(path, allow_pickle=False)", "yaml.load(text, yaml.CSafeLoader)",
        "yaml.safe_load(text)", "keras.models.load_model(path, safe_mode=True)", "re.compile(x)",
        "json.loads(text)", "subprocess.run(command, shell=False)", "model.compile(optimizer)",
    ],
)  # fmt: skip
def test_a_safe_load_is_not_reported(line: str) -> None:
    assert not list(unsafe_loads("src/conveyor/any.py", line))
