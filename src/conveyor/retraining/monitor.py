"""The champion and the profile of the data that it learnt from, and its review by a retraining."""

import logging
import tempfile
from pathlib import Path

from conveyor.config import RetrainConfig
from conveyor.data.store import META, Prepared
from conveyor.paths import Paths
from conveyor.registry.champion import find_fault, load_champion, restore_champion
from conveyor.registry.history import History
from conveyor.registry.model_version import ModelVersion, RegisteredModel
from conveyor.registry.promotions import notify_hooks
from conveyor.registry.registry import Registry
from conveyor.retraining.profile import PROFILE, Profile, compute_profile
from conveyor.retraining.review import Review, review_data, review_without_champion
from conveyor.stored import FormatError
from conveyor.tracking.find_run import find_run_of_version
from conveyor.tracking.retraining import RetrainRun, find_profile, log_profile
from conveyor.tracking.store import Tracking

log = logging.getLogger(__name__)


class ChampionReader:
    """Reads the champion of one project, and the profile that is saved with its training run."""

    def __init__(self, config: RetrainConfig, paths: Paths, tracking: Tracking) -> None:
        self.config, self.paths, self.tracking = config, paths, tracking

    def save_profile(self) -> None:
        """Save the champion's profile with its run, if its data are the prepared data, once.

        The next `prepare` overwrites these data, and the profile cannot be computed after that.
        """
        champion = self.champion()
        if champion is None or not (self.paths.prepared / META).is_file():
            return
        training_run = self.training_run(champion)
        if find_profile(self.tracking, training_run):
            return
        try:
            prepared = Prepared(self.paths.prepared)
        except FormatError as error:  # `prepare`, which comes next, makes them anew
            log.warning("the profile of version %s is not saved: %s", champion.version, error)
            return
        if prepared.meta.digest != champion.data_digest:
            return
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / PROFILE
            compute_profile(prepared, load_champion(champion, self.paths)).save(file)
            log_profile(self.tracking, training_run, file)
        log.info("the profile of version %s is saved with its training run", champion.version)

    def profile(self, champion: ModelVersion) -> Profile | None:
        """The profile of the champion's data; None if it was never saved in this MLflow store."""
        file = find_profile(self.tracking, self.training_run(champion))
        return None if file is None else Profile.load(file)

    def champion(self) -> ModelVersion | None:
        """The champion; None where there is none, or where it cannot serve."""
        champion = self.registered.champion()
        return champion if self._find_fault(champion) is None else None

    def find_fault(self) -> str | None:
        """Why no champion can serve, in one line; None if one can."""
        return self._find_fault(self.registered.champion())

    def training_run(self, champion: ModelVersion) -> str:
        """MLflow's id of the run that trained the champion."""
        folder = champion.fetch(self.paths)
        return find_run_of_version(self.tracking, champion.run_id, folder).id

    @property
    def registered(self) -> RegisteredModel:
        return RegisteredModel(self.tracking.client, self.config.name)

    def _find_fault(self, champion: ModelVersion | None) -> str | None:
        return find_fault(champion, self.config.name, self.paths)


class ChampionMonitor(ChampionReader):
    """Reviews the prepared data of one project for one retraining."""

    def __init__(self, config: RetrainConfig, paths: Paths, run: RetrainRun) -> None:
        super().__init__(config, paths, run.tracking)
        self.run = run

    def review(self) -> Review:
        """Review the prepared data, and log the champion's score on the new rows.

        Where these are the champion's own data, its profile is saved first.
        """
        self.save_profile()
        champion = self.champion()
        if champion is None:
            return review_without_champion(self.config.retrain)
        review = review_data(
            self.config.retrain,
            Prepared(self.paths.prepared),
            champion.version,
            champion.age_days,
            load_champion(champion, self.paths),
            self.profile(champion),
        )
        self._log(champion, review)
        return review

    def versions(self) -> set[str]:
        """The versions of the registered model."""
        return {version.version for version in self.registered.versions()}

    def describe_last_change(self) -> str:
        """When the champion changed last, and to which version."""
        changes = History(self.registered).changes()
        if not changes:
            return "the champion has not changed yet"
        last = changes[-1]
        when = last.when[:16].replace("T", " ")
        return f"the last change was on {when} UTC: version {last.after}, {last.action}"

    def restore_champion(self) -> None:
        """Make the last version that can serve champion again, if there is one."""
        registry = Registry(self.config.name, self.paths)
        with registry.lock:
            restore_champion(registry)
        notify_hooks(registry, self.config.hooks)

    def _log(self, champion: ModelVersion, review: Review) -> None:
        metrics = {
            "new_rows": float(review.inputs.arrived),
            "drifting_features": float(len(review.inputs.drifting)),
        }
        score = review.score
        if score is not None:
            metrics[f"champion_{score.metric}"] = score.value
            training_run = self.training_run(champion)
            self.run.log_champion_score(training_run, score.metric, score.rows, score.value)
        self.run.log_metrics(metrics)
