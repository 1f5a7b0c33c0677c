"""What preparing holds in memory and loads."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from making import (
    mails,
    python,
)

PEAK_MEMORY = """
import sys, threading
from pathlib import Path
from making import SERIES, prepared

def anonymous():  # mapped files are the kernel's to take back, and don't count
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["RssAnon"].split()[0]) / 1024

done, seen = threading.Event(), []
def watch():
    while not done.wait(0.02):
        seen.append(anonymous())
watcher = threading.Thread(target=watch)
watcher.start()
prepared(Path(sys.argv[1]), None, SERIES, source__format="parquet",
         source__files={"all": "rows.parquet"})
done.set()
watcher.join()
print(max(seen))
"""


def test_memory_stays_flat_as_rows_grow(tmp_path: Path) -> None:
    """Five times the rows, of 2 kB each, cost less than half their size in memory."""
    peaks = []
    for count in (10_000, 50_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        values = np.random.default_rng(0).normal(size=count * 64 * 8).astype(np.float32)
        steps = pa.FixedSizeListArray.from_arrays(values, 8).cast(pa.list_(pa.float32()))
        series = pa.ListArray.from_arrays(np.arange(0, count * 64 + 1, 64, np.int32), steps)
        table = pa.table({"series": series, "label": [str(i % 2) for i in range(count)]})
        pq.write_table(table, folder / "rows.parquet", row_group_size=1000)
        peaks.append(float(python(PEAK_MEMORY, str(folder))))
    grown = 40_000 * 64 * 8 * 4 / 2**20
    assert peaks[1] - peaks[0] < grown / 2, f"{peaks} MiB"


PEAK_OF_OBJECTS = """
import sys, tracemalloc
from pathlib import Path
from making import TEXT, prepared

tracemalloc.start()  # NumPy's arrays are in it; what allocators keep, which varies, is not
prepared(Path(sys.argv[1]), None, TEXT, source__format="parquet",
         source__files={"all": "rows.parquet"})
print(tracemalloc.get_traced_memory()[1])
"""


def test_a_row_costs_fewer_bytes_of_memory_than_its_hash(tmp_path: Path) -> None:
    """Once there are more rows than a pass has in memory at a time."""
    peaks = []
    for count in (40_000, 140_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        texts = [f"a{i % 100} b{i // 100 % 100} c{i // 10_000}" for i in range(count)]
        table = pa.table({"text": texts, "label": [str(i % 2) for i in range(count)]})
        pq.write_table(table, folder / "rows.parquet", row_group_size=10_000)
        peaks.append(int(python(PEAK_OF_OBJECTS, str(folder))))
    assert peaks[1] - peaks[0] < 100_000 * 16, f"{peaks} bytes"


LOADED = """
import sys
from pathlib import Path
from making import TEXT, prepared
prepared(Path(sys.argv[1]), None, TEXT, source__format="parquet",
         source__files={"all": "rows.parquet"})
slow = {"tensorflow", "datasets", "sklearn", "matplotlib"} & set(sys.modules)
print(",".join(sorted(slow)) or "none")
"""


def test_nothing_is_loaded_that_takes_longer_than_a_small_set(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(mails()), tmp_path / "rows.parquet")
    assert python(LOADED, str(tmp_path)) == "none"
