"""The champion beside today's data: keeps what it learnt from, and reviews what arrived.

SciPy, scikit-learn and ONNX Runtime are loaded where they are needed: most nights need none.
"""

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conveyor.config import Config
from conveyor.paths import Paths
from conveyor.registry.retraining import RetrainRun, Serving

if TYPE_CHECKING:
    from conveyor.retraining.review import Review

log = logging.getLogger(__name__)


class ChampionMonitor:
    """What one retraining knows of the champion."""

    def __init__(self, config: Config, paths: Paths, run: RetrainRun) -> None:
        self.config, self.paths, self.run = config, paths, run

    def remember(self) -> None:
        """Keep the champion's profile with its run, if its data are the prepared ones, once.

        Prepared data are overwritten by the next ones; this is the moment when they are there.
        """
        from conveyor.data.store import META, Prepared

        champion = self.run.champion()
        if champion is None or not (self.paths.prepared / META).is_file():
            return
        prepared = Prepared(self.paths.prepared)
        if prepared.meta.digest != champion.data_digest or self.run.profile(champion) is not None:
            return
        from conveyor.retraining.profile import PROFILE, profile
        from conveyor.serving import LoadedModel

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / PROFILE
            profile(prepared, LoadedModel.load(champion.model)).save(file)
            self.run.keep_profile(champion, file)
        log.info("the profile of version %s is kept with its run", champion.version)

    def judge(self) -> "Review":
        """Review the prepared data, and record how the champion does on what is new."""
        from conveyor.data.store import Prepared
        from conveyor.retraining.profile import Profile
        from conveyor.retraining.review import review, without_champion
        from conveyor.serving import LoadedModel

        champion = self.run.champion()
        if champion is None:
            return without_champion(self.config.retrain)
        file = self.run.profile(champion)
        known = None if file is None else Profile.load(file)
        found = review(
            self.config.retrain, Prepared(self.paths.prepared), champion.version,
            champion.age_days, LoadedModel.load(champion.model), known,
        )  # fmt: skip
        self._record(champion, found)
        return found

    def _record(self, champion: Serving, found: "Review") -> None:
        figures = {
            "new_rows": float(found.evidence.arrived),
            "drifting_features": float(len(found.evidence.drifting)),
        }
        if found.score is not None:
            figures["champion_accuracy"] = found.score.accuracy
            self.run.log_night(champion, found.score.rows, found.score.accuracy)
        self.run.log_figures(figures)
