"""The model registry: one version for each artifact, and the aliases that verdicts move."""

import logging
from collections.abc import Mapping

from filelock import FileLock
from mlflow.exceptions import MlflowException

from conveyor.gates import Evidence, Verdict
from conveyor.held_lock import HeldLock
from conveyor.paths import Paths
from conveyor.registry import verdict_files
from conveyor.registry.history import PROMOTED, Change, History
from conveyor.registry.lineage import collect_lineage, log_patch
from conveyor.registry.model_version import (
    CHAMPION,
    ModelVersion,
    RegisteredModel,
    VersionError,
    from_mlflow,
)
from conveyor.registry.package import Challenger, log_model
from conveyor.registry.summary import summarize
from conveyor.registry.version_tags import pack_tags
from conveyor.registry.writes import retry_write
from conveyor.serving.card import read_card
from conveyor.tracking.find_run import find_training_run
from conveyor.tracking.location import home
from conveyor.tracking.runs import MODEL_DIGEST, TrainingRun
from conveyor.tracking.store import connect

log = logging.getLogger(__name__)

CHALLENGER, PREVIOUS = "challenger", "previous"
DESCRIPTION = (
    "A {task} model of rows of {kind}, which answers raw rows. The version with the alias "
    "`champion` serves; `challenger` is the newest one, `previous` the champion before. The "
    "description of a version begins with its verdict and its headline metric on the test rows."
)
VERDICT_APPLIED = "settled"  # a tag of the version


class Registry(RegisteredModel):
    """The registered model `name` of a project's MLflow store, to read and to change."""

    def __init__(self, name: str, paths: Paths) -> None:
        self.paths = paths
        self.tracking = connect(name, paths)
        super().__init__(self.tracking.client, name)
        self.history = History(self)
        # A registration is several calls; two processes must not both create the first version.
        locks = home(paths) / ".conveyor"
        self.lock = HeldLock(locks / f"registry-{name}.lock", "changes the registry")
        self.hooks_lock = FileLock(locks / f"hooks-{name}.lock")  # see `promotions.notify_hooks`

    def find_by_digest(self, digest: str) -> ModelVersion | None:
        """The oldest version of this artifact whose files are whole, if there is one."""
        for version in self.versions(f"tags.{MODEL_DIGEST} = '{digest}'"):
            try:
                version.fetch(self.paths)
            except VersionError as error:
                log.warning("%s; it counts as not registered", error.problem)
            else:
                return version
        return None

    def register(
        self, challenger: Challenger, verdict: Verdict, evidence: Evidence | None = None
    ) -> ModelVersion:
        """Create a version of a model folder, with the verdict as its tags and description.

        Args:
            evidence: what the gates judged, for the sentence with which the description begins;
                None: it is what the gates say together.

        A process on another machine, which no lock here excludes, may register the same artifact
        at the same time. The older version is kept, and the newer one is deleted.
        """
        sentence = summarize(evidence, verdict) if evidence else f"{verdict.summary}."
        tags = verdict_files.verdict_tags(verdict)
        run = find_training_run(self.name, self.paths, challenger.digest)
        tags |= collect_lineage(self.paths, run.id, challenger.digest)
        tags |= log_patch(self.tracking, run.id, self.paths.root)
        model = log_model(self.name, run.id, challenger)
        self._create_registered_model(challenger)
        created = from_mlflow(
            self.client.create_model_version(
                self.name, model.model_uri, run_id=run.id, tags=pack_tags(tags),
                description=verdict_files.describe(verdict, sentence), model_id=model.model_id,
            )
        )  # fmt: skip
        first = self.find_by_digest(challenger.digest)
        if first is not None and int(first.version) < int(created.version):
            self.client.delete_model_version(self.name, created.version)
            log.info("another process registered it as version %s first", first.version)
            return first
        run.log_verdict(created.version, tags["verdict"], sentence)
        return created

    def rewrite_verdict(self, version: ModelVersion) -> None:
        """Write the files of the verdict on a version that was registered earlier, if it has one.

        The project may have been another one in between, whose verdict they would show.
        """
        log.info("this model is registered already, as version %s", version.version)
        verdict = verdict_files.verdict_of(version)
        if verdict is not None:
            verdict_files.write(self.paths.promotion, version, verdict)

    def write_verdict(self, version: ModelVersion, verdict: Verdict) -> None:
        """Write the verdict's files into the project, and log them under the training run."""
        verdict_files.write(self.paths.promotion, version, verdict)
        TrainingRun(self.tracking, version.run_id).log_folder(self.paths.promotion, "promotion")

    def apply_verdict(self, version: ModelVersion) -> None:
        """Move the aliases as the verdict of a new version demands, once.

        A process that dies before this leaves the version for the next process. A version whose
        verdict was applied stays as it is, so that running again does not undo a rollback.
        """
        if VERDICT_APPLIED in version.tags:
            return
        self._set_alias(CHALLENGER, version.version)
        if version.passed:
            self.set_champion(version.version, PROMOTED, version.gates_passed)
        self.set_tags(version.version, {VERDICT_APPLIED: "true"})

    def set_champion(self, version: str, action: str, reason: str) -> Change | None:
        """Make a version champion and record the change; None if it is champion already."""
        before = self.aliases().get(CHAMPION)
        if before == version:
            return None
        change = self.history.begin(action, before, version, reason)
        targets = self.history.rollback_targets()
        if len(targets) > 1:
            self._set_alias(PREVIOUS, targets[-2])
        elif PREVIOUS in self.aliases():
            retry_write(self.client.delete_registered_model_alias, self.name, PREVIOUS)
        self._set_alias(CHAMPION, version)
        return change

    def set_tags(self, version: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            retry_write(self.client.set_model_version_tag, self.name, version, key, value)

    def _create_registered_model(self, challenger: Challenger) -> None:
        """Create the registered model, and describe it unless somebody has done so."""
        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        if not self.client.get_registered_model(self.name).description:
            task = read_card(challenger.folder).target.task
            text = DESCRIPTION.format(task=task, kind=challenger.kind)
            self.client.update_registered_model(self.name, text)

    def _set_alias(self, alias: str, version: str) -> None:
        self.paths.registry_snapshot.unlink(missing_ok=True)
        retry_write(self.client.set_registered_model_alias, self.name, alias, version)
