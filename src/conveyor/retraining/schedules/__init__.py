"""Writes the schedule of the retraining as the files of a scheduler.

Each scheduler counts a retraining with nothing to do, or without a promotion, as a success.
"""

from conveyor.retraining.schedules.render import SCHEDULERS, Installation, render_files

__all__ = ["SCHEDULERS", "Installation", "render_files"]
