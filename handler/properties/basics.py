"""The properties of the stack set itself and of its operations, whatever its permission model."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import Field, model_validator

from handler.errors import Fault
from handler.properties import asides, fields, forms
from handler.properties.maps import Properties
from handler.values.preferences import BALANCED, CAREFUL, FAST, PREFERENCES
from handler.values.spec import END, RETAIN

_WORDS = f"{CAREFUL}, {BALANCED} or {FAST}"
ALTERNATIVES = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)
"""Preferences of which only one may be given."""


class Execution(Properties):
    """Whether operations that do not conflict run side by side."""

    Active: fields.Boolean = False


class Preferences(Properties):
    """How wide and how carefully an operation goes, in the API's own terms."""

    RegionConcurrencyType: fields.RegionConcurrencyType | None = None
    RegionOrder: fields.RegionOrder = ()
    FailureToleranceCount: fields.Count | None = None
    FailureTolerancePercentage: fields.Percentage | None = None
    MaxConcurrentCount: fields.PositiveCount | None = None
    MaxConcurrentPercentage: fields.PositivePercentage | None = None
    ConcurrencyMode: fields.ConcurrencyMode | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        word = value.strip().upper()
        if word not in PREFERENCES:
            members = ", ".join(cls.model_fields)
            message = f"is {forms.shown(value)}: write {_WORDS}, or a map with {members}"
            raise forms.fault_error(Fault("", message))
        return dict(PREFERENCES[word])

    def faults(self) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves."""
        for count, percentage in ALTERNATIVES:
            if None not in (getattr(self, count), getattr(self, percentage)):
                message = f"has both {count} and {percentage}: keep one of the two"
                yield Fault("OperationPreferences", message)


class Basics(Properties):
    """What every stack set has."""

    ServiceToken: str | None = None
    ServiceTimeout: fields.Seconds | None = None
    WaitFor: fields.WaitFor = END
    StackSetName: fields.StackSetName | None = None
    StackSetDescription: fields.Description | None = None
    Description: fields.Description | None = None
    TemplateURL: fields.TemplateUrl | None = None
    TemplateBody: fields.TemplateBody | None = None
    TemplateDigest: fields.TemplateDigest | None = None
    Parameters: fields.Parameters = Field(default={})
    Tags: fields.Tags = Field(default={})
    Capabilities: fields.Capabilities = ()
    ManagedExecution: Execution = Execution()
    OperationPreferences: Preferences = Preferences()
    FailOnTolerated: fields.Boolean = True
    RetainStacks: fields.Boolean = False
    RetainStacksOnRemoval: fields.Boolean = False
    UnreachableAccounts: fields.UnreachableAccounts = RETAIN
    MaxDeletePercentage: fields.Percentage = 100
    Revision: asides.Revision | None = None
    DryRun: asides.DryRun | None = None

    def basic_faults(self, unreadable: Collection[str]) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves.

        Args:
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        has_template = self.TemplateURL or self.TemplateBody
        if not (has_template or "TemplateURL" in unreadable or "TemplateBody" in unreadable):
            yield Fault("TemplateURL", "is missing: write TemplateURL or TemplateBody")
        if self.TemplateURL and self.TemplateBody:
            yield Fault("TemplateURL", "and TemplateBody are both given: keep one of the two")
        if self.StackSetDescription and self.Description not in (None, self.StackSetDescription):
            yield Fault("Description", "and StackSetDescription differ: keep one of the two")
        yield from self.OperationPreferences.faults()
