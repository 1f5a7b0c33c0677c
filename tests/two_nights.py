"""Two retrainings that are started at once, of which exactly one works."""

from clone import Clone

BOTH = """
import subprocess, sys
night = [sys.executable, "-m", "pipeline.retrain"]
both = [subprocess.Popen(night, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)]
for process in both:
    output = process.communicate()[1]
    busy = [line for line in output.splitlines() if "another retraining is running" in line]
    print(output)
    print("END", process.pid, process.returncode, *busy)
"""


def run_two_nights(clone: Clone) -> tuple[int, str]:
    """Run both. Returns the exit code of the one that worked, and the output of both."""
    done = clone.run("python", "-c", BOTH)
    ends = [line.split(maxsplit=3) for line in done.text.splitlines() if line[:4] == "END "]
    worked = [end for end in ends if end[2] != "12"]
    assert [end[2] for end in worked] in (["0"], ["11"]), done.text
    (pid, (other,)) = worked[0][1], [end for end in ends if end[2] == "12"]
    assert f"process {pid} on " in other[3]
    return int(worked[0][2]), done.text
