"""An update passes over what the awslabs function did, and a rollback whatever is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.errors import InvalidProperties
from handler.properties.reading import (
    parse_properties,
    read_leniently,
    read_previous,
    read_properties,
)
from handler.values.spec import StackSetSpec
from handler.values.targets import Target
from tests.factories import (
    ONE,
    OREGON,
    PROPERTIES,
    TWO,
    URL,
    VIRGINIA,
    group,
    with_url,
)

_PLAIN = StackSetSpec(template_url=URL)
_HERE = {Target(ONE, VIRGINIA): ()}


def _refused(raw: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[str]:
    with pytest.raises(InvalidProperties) as told:
        read_properties(raw, old)
    return [str(each) for each in told.value.faults]


_PASSED_OVER: list[tuple[dict[str, Any], str]] = [
    ({"ForceUpdate": "2"}, "`ForceUpdate`"),
    ({"Tagz": [{"A": "secret"}]}, "`Tagz`"),
    ({"OperationPreferences": {"RegionOrdr": ["x"]}}, "`RegionOrdr`"),
    ({"OperationPreferences": {"RegionConcurrencyType": "BOTH"}}, "OperationPreferences.Region"),
    ({"OperationPreferences": {"ConcurrencyMode": "x"}}, "OperationPreferences.ConcurrencyMode"),
    ({"PermissionModel": "NOBODY_MANAGED"}, "PermissionModel"),
    ({"CallAs": "DELEGATED_ADMIN"}, "CallAs"),
    ({"AutoDeployment": {"Enabled": "true"}}, "AutoDeployment"),
    ({"ManagedExecution": "yes"}, "ManagedExecution"),
    ({"ManagedExecution": {"Active": "yes"}}, "ManagedExecution.Active"),
    ({"Description": "x" * 2000}, "Description"),
    ({"StackSetDescription": "one", "Description": "other"}, "Description"),
    ({"TemplateBody": "Resources: {}"}, "TemplateBody"),
    ({"TemplateDigest": "abc"}, "TemplateDigest"),
    ({"ServiceTimeout": "7200"}, "ServiceTimeout"),
    ({"loglevel": "verbose"}, "loglevel"),
    ({"StackInstancesGroup": "x"}, "StackInstancesGroup"),
]


@pytest.mark.parametrize(("members", "told"), _PASSED_OVER, ids=repr)
def test_passed_over_where_it_stood_before(members: dict[str, Any], told: str) -> None:
    """What the awslabs function never looked at may stay in a template, with a warning."""
    old = with_url(StackInstances=[group()], **members)
    raw = {**old, "Tags": {"A": "b"}}

    reading = read_properties(raw, old)

    assert reading.spec.instances == _HERE
    assert reading.spec.template_url == URL
    assert reading.spec.tags == {"A": "b"}
    assert len(reading.warnings) == 1
    assert reading.warnings[0].startswith(f"Passed over: {told}")
    assert "secret" not in reading.warnings[0]


def test_what_agrees_is_not_passed_over() -> None:
    """The same description in both spellings is nothing to warn of."""
    raw = with_url(StackSetDescription="Same", Description="Same")

    assert read_properties(raw, raw).warnings == ()


def test_previous_with_what_is_passed_over() -> None:
    """Such properties tell what was wanted, but not that it was ever applied."""
    previous = read_previous(with_url(ForceUpdate="1", StackInstances=[group()]))

    assert (previous.instances, previous.certain) == (_HERE, False)
    assert previous.spec == StackSetSpec(template_url=URL, instances=_HERE)


@pytest.mark.parametrize(("members", "told"), _PASSED_OVER, ids=repr)
def test_refused_where_it_is_new(members: dict[str, Any], told: str) -> None:
    """On a Create, and in an update that brings it, it is refused as ever."""
    raw = with_url(StackInstances=[group()], **members)
    place = "TemplateURL" if told == "TemplateBody" else told
    other = {name: "other" for name in members if name.startswith(("Force", "Tagz"))}

    assert _refused(raw, None) == _refused(raw, with_url(**other))
    assert _refused(raw, None)[0].startswith(place)


@pytest.mark.parametrize(
    "members",
    [
        group(Comment="x"),
        group(DeploymentTargets={"Accounts": [TWO], "AccountFilterType": "UNION"}),
        group(DeploymentTargets={"OrganizationalUnitIds": ["ou-1"]}),
        group([ONE, ONE]),
        group([ONE], [VIRGINIA, VIRGINIA]),
    ],
    ids=["unknown", "native targets, too", "units", "account twice", "Region twice"],
)
def test_passed_over_in_a_group_that_moves(members: dict[str, Any]) -> None:
    """Within a group it counts what the group had, wherever it stood."""
    old = with_url(StackInstances=[members])
    raw = with_url(StackInstances=[group([TWO], [OREGON]), members])

    reading = read_properties(raw, old)

    assert reading.spec.instances == {Target(TWO, OREGON): (), **_HERE}
    assert reading.warnings
    assert _refused(raw, with_url(StackInstances=[group([TWO], [OREGON]), group()]))


def test_an_instance_in_two_groups() -> None:
    """It was deployed once: while no group changes, the last one counts."""
    groups = [group(), group(ParameterOverrides={"A": "secret"})]
    old = with_url(StackInstances=groups)

    reading = read_properties({**old, "Tags": {"A": "b"}}, old)

    assert reading.spec.instances == {Target(ONE, VIRGINIA): (("A", "secret"),)}
    (warning,) = reading.warnings
    assert warning.startswith(
        "Passed over: StackInstances[1] names 111111111111 in us-east-1 again"
    )
    assert _refused(with_url(StackInstances=[*groups, group([TWO])]), old)


@pytest.mark.parametrize(
    "members",
    [
        {"StackInstances": [group(["1"])]},
        {"StackInstances": [group([ONE], ["Tokyo"])]},
        {"StackInstances": [{"Accounts": [ONE]}]},
        {"StackSetName": "my set"},
        {"Capabilities": ["x"]},
        {"OperationPreferences": {"FailureToleranceCount": "-1"}},
        {"OperationPreferences": {"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 2}},
        {"Tags": {"aws:x": "y"}},
        {"TemplateURL": ""},
    ],
    ids=repr,
)
def test_wrong_by_itself(members: dict[str, Any]) -> None:
    """What never worked is refused though it stood there before, and the old is uncertain."""
    old = with_url(**members)

    assert _refused({**old, "Description": "x"}, old) == _refused(old, None)
    assert not read_previous(old).certain


def test_everything_is_told_at_once() -> None:
    """What was there is passed over, all that is new is told."""
    old = with_url(ForceUpdate="1", OperationPreferences={"X": "1"})
    raw = with_url(
        ForceUpdate="1",
        OperationPreferences={"X": "2", "Y": "3"},
        CallAs="x",
        StackInstances=[group(["1"]), {"Regions": [VIRGINIA]}],
    )

    assert [text.split()[0] for text in _refused(raw, old)] == [
        *("`X`", "`Y`", "CallAs", "StackInstances[0].Accounts[0]", "StackInstances[1]"),
    ]


def test_both_layers_are_told_at_once() -> None:
    """What is wrong by itself hides nothing that is wrong among the others, and is told once."""
    raw = with_url(
        TemplateBody="Resources: {}",
        OperationPreferences={
            "MaxConcurrentCount": "1",
            "MaxConcurrentPercentage": "2",
            "RegionOrder": ["x"],
        },
        StackInstances=[
            group([ONE, "1"]),
            group([ONE], [VIRGINIA, "Tokyo"]),
            group("x"),
            {"Regions": [VIRGINIA], "DeploymentTargets": {}},
        ],
    )

    assert [text.partition(":")[0] for text in _refused(raw, None)] == [
        "OperationPreferences.RegionOrder[0] is 'x'",
        "StackInstances[0].Accounts[1] is '1'",
        "StackInstances[1].Regions[1] is 'Tokyo'",
        "StackInstances[2].Accounts is 'x'",
        "TemplateURL and TemplateBody are both given",
        "OperationPreferences has both MaxConcurrentCount and MaxConcurrentPercentage",
        "StackInstances[3].DeploymentTargets.Accounts is missing",
        "StackInstances[1] names 111111111111 in us-east-1 again, after StackInstances[0]",
    ]


class TestRollback:
    """Whatever is wrong with the properties, what can be kept is kept."""

    @pytest.mark.parametrize(
        ("members", "warned"),
        [
            ({"StackSetName": "my set"}, "StackSetName is 'my set'"),
            ({"OperationPreferences": "x"}, "OperationPreferences is 'x'"),
            ({"Capabilities": "x"}, "Capabilities is 'x'"),
            ({"ServiceToken": 5}, "ServiceToken is 5"),
            ({"StackInstances": "x"}, "StackInstances is 'x'"),
            ({"StackInstances": ["x"]}, "StackInstances[0] is 'x'"),
            ({"StackInstances": [{"Accounts": [ONE]}]}, "StackInstances[0].Regions is missing"),
            ({"StackInstances": [{"Regions": [VIRGINIA]}]}, "StackInstances[0] names no accounts"),
            ({"StackInstances": [group([])]}, "StackInstances[0].Accounts is empty"),
            ({"StackInstances": [group([ONE], [])]}, "StackInstances[0].Regions is empty"),
            ({"StackInstances": [group(ONE)]}, "StackInstances[0].Accounts is '1111"),
            ({"TemplateBody": "Resources: {}"}, "TemplateURL and TemplateBody are both given"),
            ({"\ud800": "x"}, "`\ud800` is not a property"),
        ],
        ids=repr,
    )
    def test_left_out(self, members: dict[str, Any], warned: str) -> None:
        """What cannot be read is as if it were not there, with a warning."""
        reading = read_leniently(with_url(**members))

        assert reading.spec == _PLAIN
        assert reading.warnings[0].startswith(f"Passed over: {warned}")

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"Capabilities": ["x", "CAPABILITY_IAM"]}, {"capabilities": {"CAPABILITY_IAM"}}),
            (
                {"OperationPreferences": {"MaxConcurrentCount": "x", "FailureToleranceCount": 1}},
                {"preferences": {"FailureToleranceCount": 1}},
            ),
            (
                {"OperationPreferences": {"RegionOrder": [OREGON, "x", OREGON, VIRGINIA]}},
                {"preferences": {"RegionOrder": (OREGON, VIRGINIA)}},
            ),
            (
                {"OperationPreferences": {"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 2}},
                {"preferences": {"MaxConcurrentCount": 1}},
            ),
            ({"StackSetDescription": "a", "Description": "b"}, {"description": "a"}),
            ({"Tags": [{"A": "b"}, {"aws:x": "y"}, "z"]}, {"tags": {"A": "b"}}),
            (
                {"Tags": {str(n): "x" for n in range(60)}},
                {"tags": {str(n): "x" for n in range(50)}},
            ),
            ({"Parameters": {"A": "b", "C": {}}}, {"parameters": {"A": "b"}}),
            ({"Parameters": {"A": "x" * 5000, "B": "\ud800", "C": 1}}, {"parameters": {"C": "1"}}),
            ({"Parameters": [{"A": 1}, {"A": 2}]}, {"parameters": {"A": "1"}}),
            (
                {"StackInstances": [group([ONE, "1", f" {TWO}"], [VIRGINIA, "x", VIRGINIA])]},
                {"instances": dict.fromkeys([Target(ONE, VIRGINIA), Target(TWO, VIRGINIA)], ())},
            ),
            (
                {"StackInstances": [group(Comment="x", DeploymentTargets={"Accounts": [TWO]})]},
                {"instances": _HERE},
            ),
            (
                {"StackInstances": [group(), group(ParameterOverrides={"A": "b"})]},
                {"instances": {Target(ONE, VIRGINIA): (("A", "b"),)}},
            ),
            (
                {"StackInstances": [group(ParameterOverrides="x")]},
                {"instances": _HERE},
            ),
        ],
        ids=repr,
    )
    def test_kept(self, members: dict[str, Any], expected: dict[str, Any]) -> None:
        """Of what is wrong in part the right part is read, with a warning for the rest."""
        reading = read_leniently(with_url(**members))

        assert {name: getattr(reading.spec, name) for name in expected} == expected
        assert reading.warnings

    def test_without_a_template(self) -> None:
        """A stack set keeps its template where none can be read."""
        reading = read_leniently({"TemplateURL": "ftp://x"})

        assert (reading.spec.template_url, reading.spec.template_body) == (None, None)

    def test_no_query_is_told(self) -> None:
        """What is wrong with a presigned address is told without its key."""
        reading = read_leniently({"TemplateURL": "http://a/k?X-Amz-Signature=secret"})

        assert "secret" not in str(reading)
        assert "'http://a/k'" in reading.warnings[0]

    def test_many_wrong_accounts(self) -> None:
        """Thousands of wrong entries are passed over in no time to speak of."""
        wrong = [str(n) for n in range(3000)]

        reading = read_leniently(with_url(StackInstances=[group([*wrong, ONE])]))

        assert reading.spec.instances == _HERE
        assert len(reading.warnings) == len(wrong)


_SECRET = "hunter2-hunter2"
_texts = st.text(st.characters(exclude_categories=()), max_size=6)
_names = st.one_of(
    st.sampled_from(
        [
            *PROPERTIES,
            *("Accounts", "Regions", "DeploymentTargets", "ParameterOverrides", "RegionOrder"),
            *("ParameterKey", "ParameterValue", "Key", "Value", "Active"),
        ]
    ),
    _texts,
)
_scalars = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), _texts),
    st.sampled_from(["", " ", ONE, TWO, VIRGINIA, OREGON, URL, "CAPABILITY_IAM", "5"]),
)
_anything = st.recursive(
    _scalars,
    lambda each: st.one_of(st.lists(each, max_size=4), st.dictionaries(_names, each, max_size=4)),
    max_leaves=15,
)
_group = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(st.lists(_scalars, max_size=3), _anything)
        for name in ("Accounts", "Regions", "DeploymentTargets", "ParameterOverrides", "Comment")
    },
)
_properties = st.one_of(
    st.dictionaries(_names, _anything, max_size=6),
    st.fixed_dictionaries(
        {},
        optional={
            "TemplateURL": st.just(URL),
            "StackInstances": st.lists(st.one_of(_group, _scalars), max_size=3),
            "StackInstancesGroup": st.lists(st.one_of(_group, _scalars), max_size=3),
            "Tags": _anything,
            "Parameters": _anything,
            "OperationPreferences": st.dictionaries(_names, _anything, max_size=3),
        },
    ),
)


@settings(max_examples=400)
@given(_properties)
def test_a_rollback_reads_anything(raw: dict[str, Any]) -> None:
    """Whatever is given, a spec comes out; what is valid is read as ever."""
    reading = read_leniently(raw)

    try:
        assert parse_properties(raw) == reading.spec
    except InvalidProperties:
        assert reading.warnings


@settings(max_examples=300)
@given(_properties, _properties)
def test_an_update_reads_or_tells(raw: dict[str, Any], old: dict[str, Any]) -> None:
    """Whatever is old and new, a spec comes out or faults; what is as it was is never blank."""
    for before in (old, raw):
        reason = ""
        try:
            reading = read_properties(raw, before)
        except InvalidProperties as error:
            reason = str(error)
        else:
            assert reading.spec == read_leniently(raw).spec
        assert before is old or "is blank now" not in reason


@given(st.sampled_from(["Parameters", "Tags"]), _anything)
def test_no_value_is_told(name: str, given_pairs: object) -> None:
    """However wrong parameters and tags are, no warning shows a value: it may be a password."""

    def hide(value: object) -> object:
        if isinstance(value, dict):
            return {str(key): hide(each) for key, each in value.items()}
        return [hide(each) for each in value] if isinstance(value, list) else _SECRET

    raw = with_url(**{name: hide(given_pairs)}, StackInstances=[group()])

    assert _SECRET not in str(read_leniently(raw).warnings)
