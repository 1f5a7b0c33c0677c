"""The tags of a registered version, most of them in one.

MLflow's page gives each tag a line in the row of its version, and a version has forty.
"""

import json
from collections.abc import Mapping

from conveyor.tracking.runs import MODEL_DIGEST

RECORD = "record"  # the tag that holds the other ones as JSON
OWN_TAGS = ("verdict", MODEL_DIGEST)  # outside the record: for people, and for searches


def pack_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags with which MLflow creates a version."""
    own = {key: value for key, value in tags.items() if key in OWN_TAGS}
    record = {key: value for key, value in tags.items() if key not in OWN_TAGS}
    return {**own, RECORD: json.dumps(record, ensure_ascii=False)}


def unpack_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags of a version, each on its own, as an earlier version of the program wrote them."""
    others = {key: value for key, value in tags.items() if key != RECORD}
    return json.loads(tags.get(RECORD, "{}")) | others
