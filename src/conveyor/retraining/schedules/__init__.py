"""Writes the schedule of the retraining as the files of a scheduler.

Each scheduler counts a retraining with nothing to do, or without a promotion, as a success.
"""
