"""The base of all maps that an author writes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from handler.errors import Fault
from handler.properties import forms
from handler.properties.pairs import is_gap


class Properties(BaseModel):
    """A map of the template: gaps are passed over, members that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _pass_over_gaps(cls, value: object) -> object:
        if not isinstance(value, dict):
            message = f"is {forms.shown(value)}: write a map with {', '.join(cls.model_fields)}"
            raise forms.fault_error(Fault("", message))
        return {key: each for key, each in value.items() if not is_gap(each)}
