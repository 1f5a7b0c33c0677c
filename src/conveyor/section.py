"""What every section of the configuration has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """One frozen part of the configuration: types and limits here, values only in conf/."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,62}$")]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Portion = Annotated[float, Field(ge=0.0, le=1.0)]
