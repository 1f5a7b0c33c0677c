"""The schedulers of a cluster or a host: Kubernetes and GitHub Actions."""

from typing import Any

import yaml

from conveyor.config import Schedule
from conveyor.retraining.schedules.place import Installation, retrain, tolerant

STATE = "/project"  # where a pod mounts the volume
HOME = "/conveyor"  # the project in the image, with its environment; see deploy/Dockerfile
USER = 1000  # of the image


def kubernetes(schedule: Schedule, place: Installation) -> dict[str, str]:
    """A CronJob on a volume that holds a clone: what one night learns, the next one knows."""
    labels = {"app": "conveyor"}
    claim = {"claimName": schedule.volume}
    pod = {
        "restartPolicy": "Never",
        "securityContext": {"fsGroup": USER},  # so that it may write to the volume
        "containers": [_container(schedule)],
        "volumes": [{"name": "project", "persistentVolumeClaim": claim}],
    }
    job = {
        "backoffLimit": 0,  # the next night goes on where this one failed
        "activeDeadlineSeconds": schedule.time_limit,
        "template": {"metadata": {"labels": dict(labels)}, "spec": pod},
    }
    spec = {
        "schedule": schedule.cron,
        "timeZone": schedule.time_zone,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 7,
        "jobTemplate": {"spec": job},
    }
    made = {"apiVersion": "batch/v1", "kind": "CronJob",
            "metadata": {"name": place.unit, "labels": labels}, "spec": spec}  # fmt: skip
    head = (
        f"# kubectl apply -f this. The claim {schedule.volume!r} holds a clone of the project.\n"
        f"# docker build -t {schedule.image} -f deploy/Dockerfile .\n"
    )
    return {f"{place.unit}.yaml": head + yaml.safe_dump(made, sort_keys=False, width=100)}


def _container(schedule: Schedule) -> dict[str, Any]:
    resources = schedule.resources
    secrets = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": schedule.secret, "key": name}}}
        for name in schedule.environment
    ]
    return {
        "name": "retrain",
        "image": schedule.image,
        "workingDir": STATE,
        "command": ["bash", "-c", tolerant(retrain(schedule, "python"), "exit $code")],
        "env": [
            {"name": "PATH", "value": f"{HOME}/.venv/bin:/usr/local/bin:/usr/bin:/bin"},
            {"name": "PYTHONPATH", "value": f"{STATE}/src"},
            *secrets,
        ],
        "resources": {
            "requests": {"cpu": resources.cpu, "memory": resources.memory},
            "limits": {"memory": resources.memory},
        },
        "volumeMounts": [{"name": "project", "mountPath": STATE}],
    }


COMMIT = """\
git config user.name "github-actions[bot]"
git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
git diff --quiet || { git commit --all --message "Retrain" && git push; }
"""


def github(schedule: Schedule, place: Installation) -> dict[str, str]:
    """A workflow whose runner keeps nothing, so that DVC's remote and git hold the state."""
    run = tolerant(retrain(schedule, "python"), "exit $code")
    commands = ["make setup", 'echo "$PWD/.venv/bin" >> "$GITHUB_PATH"',
                "dvc pull --allow-missing", run, "dvc push", COMMIT]  # fmt: skip
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.11"}},
        *({"run": command} for command in commands),
    ]
    secrets = {name: f"${{{{ secrets.{name} }}}}" for name in schedule.environment}
    job = {
        "runs-on": "ubuntu-latest",
        "timeout-minutes": max(1, schedule.time_limit // 60),
        "permissions": {"contents": "write"},
        **({"env": secrets} if secrets else {}),
        "steps": steps,
    }
    when = {"cron": schedule.cron, "timezone": schedule.time_zone}
    flow = {
        "name": f"Retrain {place.name}",
        "on": {"schedule": [when], "workflow_dispatch": {}},
        "concurrency": {"group": place.unit, "cancel-in-progress": False},
        "jobs": {"retrain": job},
    }
    head = (
        f"# .github/workflows/{place.unit}.yml. Needs a DVC remote, and MLFLOW_TRACKING_URI in\n"
        "# schedule.environment: without a shared MLflow every night begins without a champion.\n"
    )
    text = yaml.safe_dump(flow, sort_keys=False, width=100)
    return {f"{place.unit}.yml": head + text}
