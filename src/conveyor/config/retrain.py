"""Parts of the section `retrain`: what starts a training, and what counts as drift."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from conveyor.config.section import Section, Share


class Accuracy(Section):
    """The champion on labelled rows that arrived after its training."""

    below: Annotated[float, Field(gt=0.0, le=1.0)]
    rows: PositiveInt  # fewer are no reason


class When(Section):
    """Any of these starts a training; so does a champion that is missing. null, false: off."""

    always: bool  # whatever DVC finds changed: data, code or configuration
    rows: PositiveInt | None  # new or relabelled
    share: PositiveFloat | None  # the same, of the rows the champion was prepared with
    age_days: PositiveFloat | None  # of the champion
    drift: bool  # any feature drifts
    accuracy: Accuracy | None


class Drift(Section):
    """A feature drifts when it is both significant and large."""

    correction: Literal["holm", "benjamini_hochberg", "none"]
    level: Share  # of the adjusted p
    effect: Annotated[float, Field(ge=0.0, le=1.0)]  # least Cramér's V, KS's D or Cohen's h
    rows: PositiveInt  # fewer new rows are not tested
