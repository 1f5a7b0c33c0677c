"""The manifests for clusters are what their schedulers read."""

import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"


def test_the_kubernetes_job_is_valid_and_starts_joining_drivers() -> None:
    job = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text())
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert "pipeline.sweep --join" in container["command"][-1]
    assert job["spec"]["parallelism"] == job["spec"]["completions"] == 4
    broken = {**job, "spec": {**job["spec"], "paralelism": 4}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


def test_the_slurm_script_asks_for_an_array_of_joining_drivers() -> None:
    script = DEPLOY / "slurm.sbatch"
    subprocess.run(["bash", "-n", script], check=True)
    lines = script.read_text().splitlines()
    options = dict(line.removeprefix("#SBATCH --").partition("=")[::2]
                   for line in lines if line.startswith("#SBATCH --"))  # fmt: skip
    assert options["array"] == "0-3"
    assert lines[0] == "#!/bin/bash"
    assert lines[-1] == "exec python -m pipeline.sweep --join"
