"""YAML that people write: refused before it is built if it would fill the memory."""

from pathlib import Path

import yaml

from conveyor.config.load import ConfigError

MAX_VALUES = 100_000  # of a file, once its aliases are replaced by what they stand for


def read_yaml_text(path: Path) -> str:
    """Return the text of a YAML file that is safe to load.

    Raises:
        ConfigError: it is not UTF-8 or no YAML; an alias stands within what it stands for; or there
            are more than MAX_VALUES values, as in a "billion laughs" file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected text in UTF-8; got {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: expected YAML of fewer nested levels") from None
    if root is not None:
        if not isinstance(root, yaml.MappingNode):
            raise ConfigError(f"{path}: expected a mapping, such as `choose: {{}}`; got other YAML")
        if _count_values(root, path, {}, set()) > MAX_VALUES:
            raise ConfigError(
                f"{path}: expected at most {MAX_VALUES} values once its aliases (*name) are "
                "replaced; got more. Remove aliases"
            )
    return text


def _count_values(
    node: yaml.Node, path: Path, counts: dict[yaml.Node, int], parents: set[yaml.Node]
) -> int:
    """Number of values of a node, whose aliases are shared nodes."""
    if node in parents:
        raise ConfigError(
            f"{path}, line {node.start_mark.line + 1}: expected a value; got one that holds itself"
        )
    if node not in counts:
        children = [] if isinstance(node, yaml.ScalarNode) else list(node.value)
        if isinstance(node, yaml.MappingNode):
            children = [child for pair in children for child in pair]
        own = parents | {node}
        counts[node] = 1 + sum(_count_values(child, path, counts, own) for child in children)
    return counts[node]
