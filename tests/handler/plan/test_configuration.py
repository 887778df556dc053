"""What the API is sent of a stack set's own configuration, and when it has to be sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.plan.configuration import differs
from handler.plan.parameters import (
    api_parameters,
    create_parameters,
    operation_preferences,
    update_parameters,
)
from handler.values.observation import StackSetState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target
from tests.factories import IRELAND, ONE, OREGON, TOKYO, URL, VIRGINIA, regions, stack_set

_ROLE = "arn:aws:iam::999999999999:role/Admin"
_DEFAULT_ROLE = "arn:aws:iam::999999999999:role/AWSCloudFormationStackSetAdministrationRole"
_TEMPLATE = "Resources: {}\n"
_FULL = StackSetSpec(
    name="Baseline",
    description="Baseline of every account",
    template_url=URL,
    parameters={"Size": "big", "Count": "3"},
    tags={"Owner": "ops", "Environment": "Testing"},
    capabilities=frozenset({"CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"}),
    administration_role_arn=_ROLE,
    execution_role_name="Execution",
)
_LIVE = stack_set(
    description="Baseline of every account",
    template_body=_TEMPLATE,
    parameters={"Size": "big", "Count": "3"},
    tags={"Owner": "ops", "Environment": "Testing"},
    capabilities=frozenset({"CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"}),
    administration_role_arn=_ROLE,
    execution_role_name="Execution",
)


class TestRequests:
    """The parameters of CreateStackSet, UpdateStackSet and the operations."""

    def test_everything(self) -> None:
        """All that the template gives is sent, sorted, in the API's form."""
        spec = replace(_FULL, managed_execution=True)

        assert update_parameters(spec) == {
            "Description": "Baseline of every account",
            "TemplateURL": URL,
            "AdministrationRoleARN": "arn:aws:iam::999999999999:role/Admin",
            "ExecutionRoleName": "Execution",
            "Parameters": [
                {"ParameterKey": "Count", "ParameterValue": "3"},
                {"ParameterKey": "Size", "ParameterValue": "big"},
            ],
            "Tags": [
                {"Key": "Environment", "Value": "Testing"},
                {"Key": "Owner", "Value": "ops"},
            ],
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            "ManagedExecution": {"Active": True},
        }
        assert create_parameters(spec) == update_parameters(spec)

    def test_inline_template(self) -> None:
        """A template's text is sent as such."""
        assert create_parameters(StackSetSpec(template_body=_TEMPLATE)) == {
            "TemplateBody": "Resources: {}\n"
        }

    def test_create_sends_only_what_is_given(self) -> None:
        """CreateStackSet gets nothing empty: the API refuses empty roles and descriptions."""
        assert create_parameters(StackSetSpec(template_url=URL)) == {"TemplateURL": URL}

    def test_kept_template(self) -> None:
        """Without a template the one that is there is kept."""
        sent = update_parameters(replace(_FULL, template_url=None))

        assert sent["UsePreviousTemplate"] is True
        assert not {"TemplateURL", "TemplateBody"} & set(sent)

    def test_update_takes_away_what_is_gone(self) -> None:
        """UpdateStackSet gets empty lists, for an absent list keeps what is there."""
        assert update_parameters(StackSetSpec(template_url=URL)) == {
            "TemplateURL": URL,
            "Parameters": [],
            "Tags": [],
            "Capabilities": [],
            "ManagedExecution": {"Active": False},
        }

    def test_api_parameters(self) -> None:
        """Parameters are sorted by key; empty values are values."""
        assert api_parameters({"B": "", "A": "1"}) == [
            {"ParameterKey": "A", "ParameterValue": "1"},
            {"ParameterKey": "B", "ParameterValue": ""},
        ]

    @pytest.mark.parametrize(
        ("order", "reached", "sent"),
        [
            pytest.param((TOKYO,), (TOKYO,), [TOKYO], id="story"),
            pytest.param((OREGON, VIRGINIA), (VIRGINIA, OREGON), [OREGON, VIRGINIA], id="as given"),
            pytest.param((OREGON, VIRGINIA), (VIRGINIA,), [VIRGINIA], id="only what is reached"),
            pytest.param(
                (OREGON,), (IRELAND, OREGON, VIRGINIA), [OREGON, IRELAND, VIRGINIA], id="all of it"
            ),
            pytest.param((OREGON,), (VIRGINIA,), [VIRGINIA], id="none of it"),
        ],
    )
    def test_region_order(
        self, order: tuple[str, ...], reached: tuple[str, ...], sent: list[str]
    ) -> None:
        """An operation names exactly the regions that it reaches, in the author's order first."""
        spec = StackSetSpec(preferences={"RegionOrder": order, "MaxConcurrentCount": 3})

        assert operation_preferences(spec, reached) == {
            "RegionOrder": sent,
            "MaxConcurrentCount": 3,
        }

    @pytest.mark.parametrize(
        "preferences", [{"RegionOrder": (TOKYO,)}, {"RegionOrder": ()}, {}], ids=repr
    )
    def test_no_region_order(self, preferences: dict[str, Any]) -> None:
        """Where no order is given, or no region is reached, none is sent."""
        assert operation_preferences(StackSetSpec(preferences=preferences), ()) == {}

    def test_no_order_given(self) -> None:
        """The regions are not ordered where the author does not care."""
        assert operation_preferences(StackSetSpec(), (TOKYO, VIRGINIA)) == {}

    def test_preferences_stay_as_they_are(self) -> None:
        """Making the preferences of one operation leaves those of the next alone."""
        spec = StackSetSpec(preferences={"RegionOrder": (TOKYO,)})

        operation_preferences(spec, (TOKYO,))

        assert spec.preferences == {"RegionOrder": (TOKYO,)}

    @given(st.lists(regions, unique=True), st.sets(regions, min_size=1))
    def test_region_order_names_what_is_reached(self, order: list[str], reached: set[str]) -> None:
        """The order sent is a permutation of the regions reached."""
        spec = StackSetSpec(preferences={"RegionOrder": tuple(order)})

        sent = operation_preferences(spec, tuple(sorted(reached))).get("RegionOrder")

        assert (sorted(sent) if sent else None) == (sorted(reached) if order else None)


def _differs(
    spec: StackSetSpec,
    live: StackSetState = _LIVE,
    before: StackSetSpec | None = _FULL,
    template: str | None = _TEMPLATE,
) -> bool:
    return differs(spec, Previous({}, spec=before), live, template)


class TestDiffers:
    """Whether UpdateStackSet is needed."""

    def test_same(self) -> None:
        """Nothing differs, nothing is done."""
        assert not _differs(_FULL)

    @pytest.mark.parametrize(
        "change",
        [
            {"description": "Another"},
            {"description": None},
            {"parameters": {"Size": "small", "Count": "3"}},
            {"parameters": {"Size": "big", "Count": "3", "New": "x"}},
            {"parameters": {"Size": "big"}},
            {"parameters": {}},
            {"tags": {"Owner": "ops", "Environment": "Production"}},
            {"tags": {"Owner": "ops"}},
            {"tags": {"Owner": "ops", "Environment": "Testing", "New": "x"}},
            {"tags": {}},
            {"capabilities": frozenset({"CAPABILITY_IAM"})},
            {"capabilities": frozenset()},
            {"administration_role_arn": _ROLE + "2"},
            {"administration_role_arn": None},
            {"managed_execution": True},
            {"execution_role_name": "Other"},
            {"execution_role_name": None},
        ],
        ids=repr,
    )
    def test_one_thing_changed(self, change: dict[str, Any]) -> None:
        """Whatever is changed or removed in the template is a reason to update."""
        assert _differs(replace(_FULL, **change))

    @pytest.mark.parametrize(
        "change",
        [
            {"description": "By hand"},
            {"description": None},
            {"parameters": {"Size": "small", "Count": "3"}},
            {"parameters": {"Count": "3"}},
            {"parameters": None},
            {"tags": {"Owner": "ops"}},
            {"tags": {"Owner": "ops", "Environment": "Testing", "ByHand": "x"}},
            {"capabilities": frozenset({"CAPABILITY_IAM"})},
            {"administration_role_arn": _DEFAULT_ROLE},
            {"administration_role_arn": None},
            {"managed_execution": True},
            {"execution_role_name": "ByHand"},
            {"execution_role_name": None},
            {"template_body": "Resources: {ByHand: x}"},
        ],
        ids=repr,
    )
    def test_changed_by_hand(self, change: dict[str, Any]) -> None:
        """What somebody changed behind the template's back is put right."""
        assert _differs(_FULL, replace(_LIVE, **change))

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "Other"},
            {"preferences": {"MaxConcurrentCount": 3}},
            {"instances": {Target(ONE, VIRGINIA): (("Size", "small"),)}},
        ],
        ids=["name", "preferences", "instances"],
    )
    def test_not_of_the_stack_set(self, change: dict[str, Any]) -> None:
        """What UpdateStackSet does not change is no reason for one."""
        assert not _differs(replace(_FULL, **change))

    @pytest.mark.parametrize(
        ("wanted", "live", "differ"),
        [
            ("Resources: {}\n", "Resources: {}\n", False),
            ("Resources: {}\n", "Resources: {}", False),
            ("\nResources: {}", "Resources: {}\n", False),
            ("Resources:\r\n  A: x\r\n", "Resources:\n  A: x\n", False),
            ("Resources:  \n  A: x", "Resources:\n  A: x", True),
            ("Resources:\n  A: x \n", "Resources:\n  A: x", False),
            ("Resources: {}\r", "Resources: {}", False),
            ("\n\n  \nResources: {}\n\n", "Resources: {}", False),
            ("", "\n", False),
            ("Resources:\n  A: x\n  B: y", "Resources:\n  B: y\n  A: x", True),
            ("A: x y", "A: xy", True),
            ("A: x  y", "A: x y", True),
            ("Resources: {}", "", True),
            ("Resources: {}", "Resources: {} # new", True),
            ("Resources: {A: x}", "Resources: {}", True),
            ("Resources:\n  A: x", "Resources:\n    A: x", True),
            ("Resources:\n\n  A: x", "Resources:\n  A: x", True),
        ],
        ids=repr,
    )
    def test_template_text(self, *, wanted: str, live: str, differ: bool) -> None:
        """Templates are compared by their lines, but for what a checkout does to line ends."""
        assert _differs(_FULL, replace(_LIVE, template_body=live), template=wanted) is differ

    def test_same_address_other_template(self) -> None:
        """A template edited under the same TemplateURL is deployed."""
        assert _differs(_FULL, template="Resources: {New: x}")

    def test_other_address_same_template(self) -> None:
        """The same template under another address is not deployed again."""
        assert not _differs(replace(_FULL, template_url=URL + "?versionId=2"))

    @pytest.mark.parametrize(
        ("change", "differ"),
        [
            ({}, False),
            ({"template_url": URL + "?versionId=2"}, True),
            ({"template_url": None, "template_body": "Resources: {}"}, True),
            ({"template_digest": "a" * 64}, True),
            ({"template_url": None, "template_digest": "a" * 64}, False),
        ],
        ids=["same address", "other address", "text instead", "other content", "kept"],
    )
    def test_template_that_cannot_be_read(self, *, change: dict[str, Any], differ: bool) -> None:
        """Where the text cannot be read, a changed address tells of a change."""
        assert _differs(replace(_FULL, **change), template=None) is differ

    @pytest.mark.parametrize(
        ("before", "wanted", "differ"),
        [
            ("a.b", "a.b", False),
            ("a.b", "a.c", True),
            ("a", "a.b", False),
            ("a.b", "a", False),
            (None, "a.b", False),
            ("a.b", None, False),
        ],
    )
    def test_nested_templates(
        self, *, before: str | None, wanted: str | None, differ: bool
    ) -> None:
        """Other nested templates are a change; that they are known now or no more is none."""
        old, new = (replace(_FULL, template_digest=each) for each in (before, wanted))

        assert _differs(new, before=old) is differ

    def test_template_that_cannot_be_read_nor_compared(self) -> None:
        """Where nothing tells whether the template changed, it is sent."""
        assert _differs(_FULL, before=None, template=None)

    def test_live_template_that_is_not_shown(self) -> None:
        """Where the API does not show the template, a changed address tells."""
        live = replace(_LIVE, template_body=None)

        assert not _differs(_FULL, live)
        assert _differs(replace(_FULL, template_url=URL + "2"), live)

    def test_description_that_cannot_be_emptied(self) -> None:
        """A description that the template never had is not tried to be removed time and again."""
        without = replace(_FULL, description=None)

        assert not _differs(without, before=without)
        assert not _differs(without, before=None)

    def test_description_gone_already(self) -> None:
        """A description that is removed and not there is no reason to update."""
        assert not _differs(replace(_FULL, description=None), replace(_LIVE, description=None))
        assert not _differs(replace(_FULL, description=None), replace(_LIVE, description=""))

    def test_parameters_with_defaults(self) -> None:
        """Parameters that only have the template's default are no difference."""
        live = replace(_LIVE, parameters={"Size": "big", "Count": "3", "Zone": "a"})

        assert not _differs(_FULL, live)
        assert not _differs(_FULL, live, before=None)

    def test_masked_parameter(self) -> None:
        """A NoEcho value, which the API masks, is compared with the one that was sent before."""
        live = replace(_LIVE, parameters={"Size": "****", "Count": "3"})

        assert not _differs(_FULL, live)
        assert not _differs(_FULL, live, before=None)
        assert _differs(replace(_FULL, parameters={"Size": "new", "Count": "3"}), live)
        assert _differs(_FULL, live, before=replace(_FULL, parameters={"Count": "3"}))

    def test_parameter_after_a_masked_one(self) -> None:
        """A masked parameter does not hide a change of another."""
        live = replace(_LIVE, parameters={"Size": "****", "Count": "3"})

        assert _differs(replace(_FULL, parameters={"Size": "big", "Count": "4"}), live)

    def test_removed_parameter_that_is_gone(self) -> None:
        """A parameter that is removed and not there is no reason to update."""
        without = replace(_FULL, parameters={"Count": "3"})

        assert not _differs(without, replace(_LIVE, parameters={"Count": "3"}))

    @pytest.mark.parametrize("live", [None, _DEFAULT_ROLE])
    def test_default_administration_role(self, live: str | None) -> None:
        """No role and the service's default role are the same, in any account."""
        spec = replace(_FULL, administration_role_arn=None)

        assert not _differs(spec, replace(_LIVE, administration_role_arn=live))

    @pytest.mark.parametrize("live", [None, "AWSCloudFormationStackSetExecutionRole"])
    @pytest.mark.parametrize("wanted", [None, "AWSCloudFormationStackSetExecutionRole"])
    def test_default_execution_role(self, live: str | None, wanted: str | None) -> None:
        """No role and the service's default role are the same."""
        spec = replace(_FULL, execution_role_name=wanted)

        assert not _differs(spec, replace(_LIVE, execution_role_name=live))

    def test_members_that_are_not_shown(self) -> None:
        """What the API does not show cannot differ."""
        live = replace(_LIVE, tags=None, capabilities=None)

        assert not _differs(_FULL, live)
        assert not _differs(replace(_FULL, tags={}, capabilities=frozenset()), live)
