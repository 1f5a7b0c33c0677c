"""The section `retrain`: what the retraining job does, when it trains, and the limits of drift."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from conveyor.section import Portion, Section, Share


class ScoreLimit(Section):
    """The limit of the champion's headline metric on rows that arrived after its training."""

    worse_than: float  # in the metric's unit
    rows: PositiveInt  # with fewer rows the trigger does not fire


class When(Section):
    """The triggers; any one starts a training, as a missing champion does. null and false: off."""

    always: bool  # any change that DVC reports: data, code or configuration
    rows: PositiveInt | None  # new or relabelled rows
    share: PositiveFloat | None  # of these, relative to the champion's rows
    age_days: PositiveFloat | None  # of the champion's version
    drift: bool  # any feature drifts
    score: ScoreLimit | None


class Drift(Section):
    """A feature drifts if its change is both significant and large."""

    # Of p values for the number of features; holm bounds the chance of any false alarm,
    # benjamini_hochberg their share.
    correction: Literal["holm", "benjamini_hochberg", "none"]
    level: Share  # of the corrected p value
    effect: Portion  # smallest Cramér's V, Kolmogorov-Smirnov D or Cohen's h
    rows: PositiveInt  # with fewer new rows nothing is tested


class Retrain(Section):
    """What the nightly job does before and after a training, and when it trains."""

    # dvc: `dvc update` on every import under data/raw. sql: run the queries of dataset.source.sql
    refresh: Literal["none", "dvc", "sql"]
    push: bool  # DVC's cache, before data are updated and at the end
    commit: bool  # what the belt changed, to git
    # search: as `sweep` says. warm: it begins with the champion's parameters. skip: the stage sweep
    # does not run, and the training takes the best of the last search.
    sweep: Literal["search", "warm", "skip"]
    init: Literal["scratch", "champion"]  # the first weights of a training
    when: When
    drift: Drift
