"""Save a .keras file whose bytes depend on the model only."""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

from conveyor import files

DATE = "1970-01-01@00:00:00"
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file can hold


def save_canonical(model: keras.Model, path: Path) -> None:
    """Save like `model.save`, but give equal models equal bytes.

    Keras writes the date, the times of the zip's members, and `shared_object_id`s that are memory
    addresses: these are replaced. Weights and configuration stay as they are.
    """
    numbers: dict[int, int] = {}  # by address

    def number_shared_object(node: dict[str, Any]) -> dict[str, Any]:
        address = node.get("shared_object_id")
        if address is not None:
            node["shared_object_id"] = numbers.setdefault(address, len(numbers) + 1)
        return node

    with tempfile.TemporaryDirectory() as folder:
        saved_path = Path(folder, "model.keras")
        model.save(saved_path)
        with zipfile.ZipFile(saved_path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"], object_hook=number_shared_object)
    metadata = json.loads(members["metadata.json"]) | {"date_saved": DATE}
    members["config.json"] = json.dumps(config, sort_keys=True).encode()
    members["metadata.json"] = json.dumps(metadata, sort_keys=True).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, members[name])
    files.write_bytes(path, buffer.getvalue())
