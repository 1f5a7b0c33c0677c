"""Where runs and the registry are kept, and its name there. Imports nothing of weight."""

import os
from pathlib import Path
from urllib.parse import unquote

import yaml

from conveyor import files
from conveyor.paths import Paths

DATABASE = "mlflow.db"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def home(paths: Paths) -> Path:
    """The project's main folder, also where DVC runs an experiment in a temporary checkout."""
    return Path(os.environ.get("DVC_ROOT") or paths.root).absolute()


def uri(paths: Paths) -> str:
    """MLFLOW_TRACKING_URI, or SQLite in the project's main folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or files.sqlite_url(home(paths) / DATABASE)


def sqlite_file(where: str) -> Path | None:
    """The file of a SQLite store; None for any other."""
    scheme, separator, path = where.partition(":///")
    if not separator or scheme not in ("sqlite", "sqlite+pysqlite"):
        return None
    return Path(unquote(path.partition("?")[0]))


def model_name(paths: Paths) -> str:
    """`name` of the resolved configuration, read alone: checking all of it takes longer than a
    server's other preparations.

    Raises:
        ConfigError: the file is missing or holds no name; as `config.load` tells it.
    """
    try:
        name = yaml.load(paths.config.read_text(), LOADER)["name"]
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError):
        name = None
    if isinstance(name, str):
        return name
    from conveyor.config import NamedConfig, load

    return load(NamedConfig, paths.config).name
