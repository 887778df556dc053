"""Any mix of dialects and gaps is the plain wish; anything at all is read or told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.properties.reading import parse_properties
from tests.factories import (
    GROUP_MEMBERS,
    ONE,
    PREFERENCES,
    PROPERTIES,
    URL,
    VIRGINIA,
    accounts,
    faults_of,
    group,
    regions,
    salvaged,
    texts_of,
    with_url,
)

_ADMINISTRATION = "arn:aws:iam::999999999999:role/AWSCloudFormationStackSetAdministrationRole"
_EXECUTION = "AWSCloudFormationStackSetExecutionRole"

_name = st.from_regex(r"[A-Z][A-Za-z0-9]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"Key", "Value", "ParameterKey", "ParameterValue"}
)
_text = st.text(min_size=1, max_size=12)
_coin: st.SearchStrategy[bool] = st.booleans()
_gap = st.sampled_from([None, ""])
_groups = st.dictionaries(
    st.tuples(accounts, regions), st.dictionaries(_name, st.text(max_size=8), max_size=2)
)
_preferences = st.fixed_dictionaries(
    {},
    optional={
        "RegionConcurrencyType": st.sampled_from(["SEQUENTIAL", "PARALLEL"]),
        "RegionOrder": st.lists(regions, min_size=1, unique=True),
        "FailureToleranceCount": st.integers(0, 999),
        "MaxConcurrentPercentage": st.integers(1, 100),
        "ConcurrencyMode": st.sampled_from(["STRICT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE"]),
    },
)
_plain: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"TemplateURL": st.just(URL)},
    optional={
        "StackSetName": st.just("Baseline"),
        "Description": _text,
        "Parameters": st.dictionaries(_name, st.text(max_size=12), max_size=4),
        "Tags": st.dictionaries(_name, _text, max_size=4),
        "Capabilities": st.lists(
            st.sampled_from(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]),
            unique=True,
        ),
        "AdministrationRoleARN": st.just(_ADMINISTRATION),
        "ExecutionRoleName": st.just(_EXECUTION),
        "OperationPreferences": _preferences,
    },
)


def _respelt_pairs(draw: st.DrawFn, pairs: Mapping[str, str], key: str, value: str) -> object:
    """A map, as any list that an author may write for it."""
    if draw(_coin):
        return {**pairs, "Gone": None} if key == "ParameterKey" else dict(pairs)
    listed: list[object] = [
        {key: name, value: text} if draw(_coin) else {name: text} for name, text in pairs.items()
    ]
    return listed + draw(st.lists(_gap, max_size=2))


def _respelt_scalars(draw: st.DrawFn, members: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers as texts or numbers, lists with gaps among them, and members that are not there."""
    written: dict[str, Any] = {}
    for name, value in members.items():
        if isinstance(value, int):
            written[name] = draw(st.sampled_from([value, str(value)]))
        elif isinstance(value, list):
            written[name] = value + draw(st.lists(_gap, max_size=2))
        else:
            written[name] = value
    return {**written, **draw(st.dictionaries(st.sampled_from(["MaxConcurrentCount"]), _gap))}


def _respelt_group(
    draw: st.DrawFn, target: tuple[str, str], overrides: Mapping[str, str]
) -> dict[str, Any]:
    account, region = target
    accounts_of = [account, *draw(st.lists(_gap, max_size=1))]
    members: dict[str, Any] = {"Regions": [*draw(st.lists(_gap, max_size=1)), region]}
    if draw(_coin):
        members["Accounts"] = accounts_of
        members.update(draw(st.dictionaries(st.just("DeploymentTargets"), _gap)))
    else:
        members["DeploymentTargets"] = {"Accounts": accounts_of}
    if bool(overrides) or draw(_coin):
        members["ParameterOverrides"] = _respelt_pairs(
            draw, overrides, "ParameterKey", "ParameterValue"
        )
    return members


@st.composite
def _two_ways(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same wish in plain words, and in any mix of both dialects and gaps."""
    plain: dict[str, Any] = draw(_plain)
    wanted = draw(_groups)
    mixed: dict[str, Any] = {
        **plain,
        **draw(st.dictionaries(st.sampled_from(["TemplateBody", "Foo"]), _gap)),
    }
    if "Description" in mixed and draw(_coin):
        mixed["StackSetDescription"] = mixed.pop("Description")
    for name, key, value in (
        ("Parameters", "ParameterKey", "ParameterValue"),
        ("Tags", "Key", "Value"),
    ):
        if name in mixed:
            mixed[name] = _respelt_pairs(draw, mixed[name], key, value)
    if "OperationPreferences" in mixed:
        mixed["OperationPreferences"] = _respelt_scalars(draw, mixed["OperationPreferences"])
    if "Capabilities" in mixed:
        mixed["Capabilities"] = mixed["Capabilities"] + draw(st.lists(_gap, max_size=2))
    lists: dict[str, list[object]] = {"StackInstances": [], "StackInstancesGroup": []}
    for target, overrides in wanted.items():
        listed = lists[draw(st.sampled_from(sorted(lists)))]
        listed += draw(st.lists(_gap, max_size=1))
        listed.append(_respelt_group(draw, target, overrides))
    plain["StackInstances"] = [
        group([account], [region], ParameterOverrides=overrides)
        for (account, region), overrides in wanted.items()
    ]
    return plain, {**mixed, **lists}


@given(_two_ways())
def test_any_mix_gives_the_plain_spec(ways: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Whatever mix of dialects and gaps an author writes, the wish is understood the same."""
    plain, mixed = ways

    assert parse_properties(mixed) == parse_properties(plain)


@given(_plain, _groups)
def test_plain_spec_is_what_was_written(
    plain: dict[str, Any], wanted: dict[tuple[str, str], dict[str, str]]
) -> None:
    """In plain words nothing is lost, added or changed."""
    plain["StackInstances"] = [
        group([account], [region], ParameterOverrides=overrides)
        for (account, region), overrides in wanted.items()
    ]

    spec = parse_properties(plain)

    assert spec.parameters == plain.get("Parameters", {})
    assert spec.tags == plain.get("Tags", {})
    assert spec.description == plain.get("Description")
    assert spec.capabilities == set(plain.get("Capabilities", []))
    assert {
        name: list(v) if isinstance(v, tuple) else v for name, v in spec.preferences.items()
    } == (plain.get("OperationPreferences", {}))
    assert spec.instances == {
        target: tuple(sorted(overrides.items())) for target, overrides in wanted.items()
    }


@given(_two_ways())
def test_salvage_agrees_with_parsing(ways: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Of properties that are right, and of those with a fault elsewhere, all instances are read."""
    _, mixed = ways

    assert salvaged(mixed) == parse_properties(mixed).instances
    assert salvaged({**mixed, "StackSetName": "my set"}) == salvaged(mixed)


_SECRET = "hunter2-hunter2"
_NAMES = [
    *PROPERTIES,
    *GROUP_MEMBERS,
    *PREFERENCES,
    "ParameterKey",
    "ParameterValue",
    "Key",
    "Value",
]


def _properties_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON whose maps have our names and others, with these texts among its values."""
    names = st.one_of(st.sampled_from(_NAMES), texts)
    scalars = st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), texts),
        st.sampled_from(["", ONE, VIRGINIA, URL, _ADMINISTRATION, "CAPABILITY_IAM", "5"]),
    )
    values = st.recursive(
        scalars,
        lambda each: st.one_of(
            st.lists(each, max_size=3), st.dictionaries(names, each, max_size=4)
        ),
        max_leaves=12,
    )
    return st.dictionaries(names, values, max_size=6)


_secret_pairs = st.recursive(
    st.just(_SECRET),
    lambda each: st.one_of(
        st.lists(st.one_of(each, _gap), max_size=3),
        st.dictionaries(st.sampled_from(["ParameterValue", "A", "B"]), each, max_size=3),
        st.builds(lambda value: [{"ParameterKey": "A", "ParameterValue": value}] * 2, each),
        st.builds(lambda value: {"A": "x" * 5000, "B": value}, each),
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(_properties_of(st.text(st.characters(exclude_categories=()), max_size=6)))
def test_anything_is_read_or_told(raw: dict[str, Any]) -> None:
    """Whatever is given, even halves of surrogate pairs, a spec comes out or faults: no crash."""
    assert all(fault.message for fault in faults_of(raw))
    salvaged(raw)


@settings(max_examples=150)
@given(_properties_of(st.text(max_size=6)))
def test_every_fault_names_its_place(raw: dict[str, Any]) -> None:
    """Each fault begins with a property's path, or with the name that is none, and is short."""
    for text in texts_of(raw):
        assert text.startswith((*PROPERTIES, "`"))
        assert len(text) < 1_000


@pytest.mark.parametrize(
    "raw",
    [
        with_url(**{"\ud800": "x"}),
        with_url(OperationPreferences={"\ud800": "x"}),
        with_url(StackSetDescription="\ud800"),
        with_url(Parameters={"A": "\ud800"}),
        with_url(StackInstances=[group(ParameterOverrides={"A": "\ud800"})]),
        with_url(Tags=[{"A": "\ud800"}]),
        {"TemplateURL": f"{URL}\ud800"},
        {"TemplateBody": "Description: \ud800"},
    ],
    ids=["name", "inner name", "text", "parameter", "override", "tag", "address", "template"],
)
def test_half_a_surrogate_pair_is_told(raw: dict[str, Any]) -> None:
    """What JSON lets through and UTF-8 does not is told like any other fault."""
    (fault,) = faults_of(raw)

    assert str(fault).startswith((*PROPERTIES, "`"))
    assert "write" in fault.message or "it knows" in fault.message


@given(st.sampled_from(["Parameters", "ParameterOverrides"]), _secret_pairs)
def test_parameter_values_are_never_told(name: str, given_pairs: object) -> None:
    """However wrong the parameters are, no complaint shows a value: it may be a password."""
    if name == "Parameters":
        raw = with_url(Parameters=given_pairs)
    else:
        raw = with_url(StackInstances=[group(ParameterOverrides=given_pairs)])

    assert all(_SECRET not in text for text in texts_of(raw))
