"""The model registry: one version for each artifact, and the aliases that verdicts move."""

import logging
from collections.abc import Mapping

from filelock import FileLock
from mlflow.exceptions import MlflowException

from conveyor.gates import Verdict
from conveyor.paths import Paths
from conveyor.registry import history, model_version
from conveyor.registry.history import Change
from conveyor.registry.lineage import lineage, log_patch
from conveyor.registry.model_version import CHAMPION, NOT_FOUND, ModelVersion
from conveyor.registry.package import Candidate, log_model
from conveyor.registry.verdict_files import LONGEST_TAG, markdown, verdict_tags
from conveyor.tracking.location import home
from conveyor.tracking.runs import MODEL_DIGEST, artifact_folder, find_training_run, set_tags
from conveyor.tracking.store import connect

log = logging.getLogger(__name__)

CHALLENGER, PREVIOUS = "challenger", "previous"
SETTLED = "settled"  # tag of a version whose verdict was applied


class Registry:
    """The registered model `name` of a project's MLflow store."""

    def __init__(self, name: str, paths: Paths) -> None:
        self.name, self.paths = name, paths
        self.tracking = connect(name, paths)
        self.client = self.tracking.client
        # A registration is several calls; two processes must not both create the first version.
        locks = home(paths) / ".conveyor"
        self.lock = FileLock(locks / f"registry-{name}.lock")
        self.hooks_lock = FileLock(locks / f"hooks-{name}.lock")  # see `promotions.notify_hooks`

    def aliases(self) -> dict[str, str]:
        """Version behind each alias; empty before the first registration."""
        return model_version.find_aliases(self.client, self.name)

    def champion(self) -> ModelVersion | None:
        """The version behind the alias `champion`; None where there is none."""
        return model_version.find_champion(self.client, self.name)

    def version(self, version: str) -> ModelVersion:
        """Raises: InputError: there is no such version; the message lists those that exist."""
        return model_version.get_version(self.client, self.name, version)

    def find_by_digest(self, digest: str) -> ModelVersion | None:
        """The oldest version of this artifact, if it was registered."""
        query = f"tags.{MODEL_DIGEST} = '{digest}'"
        return next(iter(model_version.find_versions(self.client, self.name, query)), None)

    def history(self) -> list[Change]:
        """All changes of champion, oldest first; empty before the first registration."""
        try:
            return history.changes(self.client, self.name)
        except MlflowException as error:
            if error.error_code != NOT_FOUND:
                raise
            return []

    def rollback_targets(self) -> list[str]:
        """Versions that rollbacks return to, oldest first; the last one serves. Deleted versions
        are left out."""
        existing = {v.version for v in model_version.find_versions(self.client, self.name)}
        return history.rollback_targets(self.history(), existing)

    def register(self, candidate: Candidate, verdict: Verdict) -> ModelVersion:
        """Create a version of a model folder, with the verdict as its tags and description.

        A process on another machine, which no lock here excludes, may register the same artifact
        at the same time. The older version is kept, and the newer one is deleted.
        """
        run = find_training_run(self.name, self.paths, candidate.digest)
        model = log_model(self.name, run.id, candidate)
        self._create_registered_model()
        tags = {
            **lineage(self.paths, run.id, candidate.digest),
            **log_patch(self.tracking, run.id, self.paths.root),
            **verdict_tags(verdict),
        }
        created = model_version.from_mlflow(
            self.client.create_model_version(
                self.name, model.model_uri, run_id=run.id, tags=tags,
                description=markdown(verdict)[:LONGEST_TAG], model_id=model.model_id,
            )
        )  # fmt: skip
        first = self.find_by_digest(candidate.digest)
        if first is not None and int(first.version) < int(created.version):
            self.client.delete_model_version(self.name, created.version)
            log.info("another process registered it as version %s first", first.version)
            return first
        set_tags(self.tracking, run.id, {"version": created.version, "verdict": tags["verdict"]})
        return created

    def log_verdict(self, version: ModelVersion) -> None:
        """Log the verdict's files under the train run."""
        artifact_folder(self.tracking, version.run_id, self.paths.promotion, "promotion")

    def apply_verdict(self, version: ModelVersion) -> None:
        """Move the aliases as the verdict of a new version demands, once.

        A process that dies before this leaves the version for the next process. A version whose
        verdict was applied stays as it is, so that running again does not undo a rollback.
        """
        if SETTLED in version.tags:
            return
        self._set_alias(CHALLENGER, version.version)
        if version.passed:
            self.set_champion(version.version, history.PROMOTED, "it passed every gate")
        self.set_tags(version.version, {SETTLED: "true"})

    def set_champion(self, version: str, action: str, reason: str) -> Change | None:
        """Make a version champion and record the change; None if it is champion already."""
        before = self.aliases().get(CHAMPION)
        if before == version:
            return None
        change = history.begin(self.client, self.name, action, before, version, reason)
        targets = self.rollback_targets()
        if len(targets) > 1:
            self._set_alias(PREVIOUS, targets[-2])
        elif PREVIOUS in self.aliases():
            self.client.delete_registered_model_alias(self.name, PREVIOUS)
        self._set_alias(CHAMPION, version)
        return change

    def set_tags(self, version: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self.client.set_model_version_tag(self.name, version, key, value)

    def _create_registered_model(self) -> None:
        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _set_alias(self, alias: str, version: str) -> None:
        try:
            self.client.set_registered_model_alias(self.name, alias, version)
        except MlflowException:
            # MLflow's store reads the alias and then inserts it. If a process on another machine
            # inserts it in between, the second call finds and updates that row.
            self.client.set_registered_model_alias(self.name, alias, version)
