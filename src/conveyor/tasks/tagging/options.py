"""Options of tagging: where the tags of a row come from, and how the network learns them."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from conveyor.section import Section, TargetSection


class TagTarget(TargetSection):
    """The column whose cells hold a tag for each token or step: a list, or text with white space
    between the tags. In the long layout each row of the file has the tag of its step.

    scheme: how tags make spans, which are what is scored. iob: B-TYPE begins a span and I-TYPE
    continues it; O, E-TYPE and S-TYPE are understood too. runs: a span is a longest run of one
    tag. auto: iob where all tags have such a form, else runs.
    outside: the tag of what is in no span.
    """

    per_step: ClassVar[bool] = True

    task: Literal["tagging"]
    column: str  # of the tags
    scheme: Literal["auto", "iob", "runs"] = "auto"  # how tags make spans
    outside: str = "O"  # the tag of what is in no span


class TagHead(TargetSection):
    """How the network learns tags."""

    # Settings that change what the validation loss measures, so that losses do not compare.
    kinds_of_loss: ClassVar[tuple[str, ...]] = ()
    per_step: ClassVar[bool] = True

    task: Literal["tagging"]
    # Share of the target that is spread over all tags.
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)]
    # argmax: each step has its most probable tag. constrained: the most probable sequence in which
    # I-TYPE follows B-TYPE or I-TYPE only, where all training rows are like that.
    decoding: Literal["argmax", "constrained"]

    def check_target(self, target: Section) -> None:
        """Any target will do."""


class TagReport(Section):
    """What the report of the test rows shows."""

    task: Literal["tagging"]
    plotted_types: PositiveInt  # most frequent types of spans in the plots


class TagSpec(TargetSection):
    """The target of prepared data or of a model.

    Attributes:
        tags: in the order of the outputs.
        scheme: `runs`; `iob`; or `iob2`, where B-TYPE begins each span of the training rows.
        outside: the tag of what is in no span.
        of_text: whether the steps are tokens of a text.
        decoding: how the outputs of a row become its tags; see `TagHead`.
    """

    per_step: ClassVar[bool] = True

    task: Literal["tagging"] = "tagging"
    tags: list[str]
    scheme: Literal["iob2", "iob", "runs"]
    outside: str
    of_text: bool
    decoding: Literal["argmax", "constrained"] = "argmax"
