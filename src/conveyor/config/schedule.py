"""The section `schedule`: when and where the retraining runs."""

import zoneinfo
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from conveyor.config.cron import check_cron
from conveyor.section import Section

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
KubernetesName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")]


class Resources(Section):
    """The resources that a pod requests; its memory limit is the same as its request."""

    cpu: Quantity  # cores
    memory: Quantity  # such as 8Gi


class Schedule(Section):
    """When and where `python -m pipeline.retrain` runs."""

    cron: str  # minute hour day-of-month month day-of-week
    time_zone: str  # of cron, such as Europe/Berlin
    wait: NonNegativeInt  # seconds for another retraining to end
    environment: tuple[Variable, ...]  # names; values stay with the scheduler
    environment_file: str  # lines NAME=value, not in git; cron and systemd read it
    log: str  # cron and systemd append to it
    image: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.:/@-]*$")]  # of deploy/Dockerfile
    volume: KubernetesName  # the claim of the volume that holds a clone of the project
    secret: KubernetesName  # the Kubernetes secret that holds the variables
    resources: Resources
    time_limit: PositiveInt  # seconds after which Kubernetes and GitHub stop the job

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, text: str) -> str:
        check_cron(text)
        return " ".join(text.split())

    @field_validator("time_zone")
    @classmethod
    def _check_time_zone(cls, name: str) -> str:
        if name not in zoneinfo.available_timezones():
            raise ValueError("expected a name of the IANA time zones, such as Europe/Berlin or UTC")
        return name

    @field_validator("environment_file", "log")
    @classmethod
    def _check_path(cls, name: str) -> str:
        path = PurePosixPath(name)
        if not path.name or path.is_absolute() or ".." in path.parts or not name.isprintable():
            raise ValueError(
                "expected a path inside the project folder, such as .conveyor/night.log"
            )
        return name
