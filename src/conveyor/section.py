"""What every section of the configuration has in common."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """One frozen part of the configuration: types and limits here, values only in conf/."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_booleans(cls, values: Any) -> Any:
        """Make text of booleans in place of numbers, which is refused: Pydantic takes true for 1,
        and YAML takes `yes` and `on` for true."""
        if not isinstance(values, Mapping):
            return values
        return {
            name: _boolean_to_text(value) if name in _number_fields(cls) else value
            for name, value in values.items()
        }


class TargetSection(Section):
    """What a data set says of its target, how a network learns it, or what a model keeps of it.

    Attributes:
        per_step: whether each step of a row has a target, and not the row as a whole.
        reads_windows: whether a row is a window of a long series.
    """

    per_step: ClassVar[bool] = False
    reads_windows: ClassVar[bool] = False


def _boolean_to_text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_boolean_to_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else value


@cache
def _number_fields(section: type[Section]) -> set[str]:
    """Names of the fields that take numbers, and neither booleans nor any text."""
    fields = {name: _types(field.annotation) for name, field in section.model_fields.items()}
    return {name for name, t in fields.items() if t & {int, float} and not t & {bool, str, Any}}


def _types(annotation: Any) -> set[Any]:
    """The types that an annotation is made of; a Literal of a boolean counts as bool."""
    if isinstance(annotation, bool):
        return {bool}
    parts = get_args(annotation)
    return set().union(*map(_types, parts)) if parts else {annotation}


Seed = Annotated[int, Field(ge=0, lt=2**32)]  # as NumPy and TensorFlow take it
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,62}$")]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


def _check_quantiles(quantiles: list[float]) -> list[float]:
    inside = 0.5 in quantiles and quantiles[0] < 0.5 < quantiles[-1]
    if not inside or sorted(set(quantiles)) != quantiles:
        raise ValueError(f"expected rising numbers around 0.5, the median; got {quantiles}")
    return quantiles


Quantiles = Annotated[list[Share], Field(min_length=3), AfterValidator(_check_quantiles)]
Portion = Annotated[float, Field(ge=0.0, le=1.0)]
