"""Names with values are read the same in every spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.errors import Fault
from handler.properties.pairs import PARAMETER, TAG, Spelling, is_gap, read_pairs

_SPELLINGS = pytest.mark.parametrize("spelling", [PARAMETER, TAG], ids=["parameters", "tags"])
_SHAPE = "must be `name: value` or `ParameterKey: name, ParameterValue: value`"
_MEMBERS = {"ParameterKey", "ParameterValue", "Key", "Value"}


@pytest.mark.parametrize(
    ("value", "gap"),
    [(None, True), ("", True), (0, False), (False, False), ("0", False), ([], False), ({}, False)],
    ids=repr,
)
def test_gap(*, value: object, gap: bool) -> None:
    """A gap is a null or an empty text; a zero and a false are values."""
    assert is_gap(value) is gap


@_SPELLINGS
@pytest.mark.parametrize(
    "shape", ["map", "one-entry maps", "native", "native, value first", "mixed"]
)
def test_spellings(shape: str, spelling: Spelling) -> None:
    """The same two pairs come out of every spelling."""
    key, value, *_ = spelling
    given: dict[str, object] = {
        "map": {"Environment": "Testing", "Creator": "Chuck"},
        "one-entry maps": [{"Environment": "Testing"}, {"Creator": "Chuck"}],
        "native": [{key: "Environment", value: "Testing"}, {key: "Creator", value: "Chuck"}],
        "native, value first": [
            {value: "Testing", key: "Environment"},
            {value: "Chuck", key: "Creator"},
        ],
        "mixed": [{"Environment": "Testing"}, {key: "Creator", value: "Chuck"}],
    }

    assert read_pairs(given[shape], spelling) == (
        {"Environment": "Testing", "Creator": "Chuck"},
        [],
    )


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (None, {}),
        ("", {}),
        ([], {}),
        ([""], {}),
        ([None, ""], {}),
        ({}, {}),
        ([{}], {}),
        (["", {"A": "a"}, None], {"A": "a"}),
        ([{"A": "a", "B": "b"}], {"A": "a", "B": "b"}),
        ({"Key": "a", "Value": "b"}, {"a": "b"}),
    ],
    ids=repr,
)
def test_gaps_are_passed_over(raw: object, pairs: dict[str, str]) -> None:
    """What AWS::NoValue and empty parameters leave behind is no pair and no fault."""
    assert read_pairs(raw, TAG) == (pairs, [])


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("text", "text"),
        ("", ""),
        (" a ", " a "),
        ("日本 語", "日本 語"),
        (20, "20"),
        (0, "0"),
        (-1, "-1"),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        (["subnet-1", "subnet-2"], "subnet-1,subnet-2"),
        ([""], ""),
        ([], ""),
        ([80, 443], "80,443"),
        ([True, "x"], "true,x"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("shape", ["map", "one-entry map", "native"])
def test_values(given: object, read: str, shape: str) -> None:
    """A value is what CloudFormation would have made a text of; a list is joined by commas."""
    raw: dict[str, object] = {
        "map": {"Name": given},
        "one-entry map": [{"Name": given}],
        "native": [{"ParameterKey": "Name", "ParameterValue": given}],
    }

    assert read_pairs(raw[shape], PARAMETER) == ({"Name": read}, [])


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        pytest.param(
            "text",
            [Fault("", _SHAPE)],
            id="text",
        ),
        pytest.param(
            5,
            [Fault("", _SHAPE)],
            id="number",
        ),
        pytest.param(
            [{"A": "a"}, "Name=value"],
            [Fault("[1]", _SHAPE)],
            id="text in a list",
        ),
        pytest.param(
            ["", ["x"]],
            [Fault("[1]", _SHAPE)],
            id="list in a list",
        ),
        pytest.param(
            {"A": {"Fn": "x"}},
            [Fault(".A", "must be a text, a number or a list of them, not a map")],
            id="map as a value",
        ),
        pytest.param(
            [{"A": [{"Fn": "x"}]}],
            [Fault("[0].A", "must be a text, a number or a list of them, not a map")],
            id="map in a list as a value",
        ),
        pytest.param(
            [{"ParameterKey": "A", "ParameterValue": {"Fn": "x"}}],
            [Fault("[0].ParameterValue", "must be a text, a number or a list of them, not a map")],
            id="map as a native value",
        ),
        pytest.param(
            [{"A": "a"}, {"A": "b"}],
            [Fault("[1].A", "gives A a value again: write it once")],
            id="twice in one-entry maps",
        ),
        pytest.param(
            [{"A": "a"}, {"ParameterKey": "A", "ParameterValue": "a"}],
            [Fault("[1].ParameterValue", "gives A a value again: write it once")],
            id="twice in two spellings",
        ),
        pytest.param(
            [{"ParameterValue": "a"}],
            [
                Fault(
                    "[0]",
                    "has no name as its ParameterKey: write both ParameterKey and ParameterValue",
                )
            ],
            id="no key",
        ),
        pytest.param(
            [{"ParameterKey": "", "ParameterValue": "a"}],
            [
                Fault(
                    "[0]",
                    "has no name as its ParameterKey: write both ParameterKey and ParameterValue",
                )
            ],
            id="empty key",
        ),
        pytest.param(
            [{"ParameterKey": "", "ParameterValue": ""}],
            [
                Fault(
                    "[0]",
                    "has no name as its ParameterKey: write both ParameterKey and ParameterValue",
                )
            ],
            id="empty key and value",
        ),
        pytest.param(
            [{"A": {}}, {"B": "b"}, "x"],
            [
                Fault("[0].A", "must be a text, a number or a list of them, not a map"),
                Fault("[2]", _SHAPE),
            ],
            id="several",
        ),
    ],
)
def test_faults(raw: object, faults: list[Fault]) -> None:
    """What is no pair is told with its place and how to write it."""
    assert read_pairs(raw, PARAMETER)[1] == faults


def test_good_pairs_survive_bad_ones() -> None:
    """A fault does not hide the pairs around it; the first value of a name is kept."""
    assert read_pairs([{"A": "1"}, "x", {"A": "2"}, {"B": "3"}], TAG)[0] == {"A": "1", "B": "3"}


@pytest.mark.parametrize(
    ("entry", "spelling", "unknown"),
    [
        ({"Key": "Environment", "Vaule": "Testing"}, TAG, "Vaule"),
        ({"Key": "E", "Value": "T", "PropagateAtLaunch": "true"}, TAG, "PropagateAtLaunch"),
        ({"Value": "Testing", "Kye": "Environment"}, TAG, "Kye"),
        ({"ParameterKey": "A", "ParamaterValue": "a"}, PARAMETER, "ParamaterValue"),
        ({"ParameterKey": "A", "UsePreviousValue": "true"}, PARAMETER, "UsePreviousValue"),
        ({"ParameterKey": "A", "ParameterValue": "a", "R": "b", "S": "c"}, PARAMETER, "R"),
    ],
    ids=["Vaule", "PropagateAtLaunch", "Kye", "ParamaterValue", "UsePreviousValue", "two unknown"],
)
def test_unknown_member_beside_native_ones(
    entry: dict[str, str], spelling: Spelling, unknown: str
) -> None:
    """Two or more members of which one is native are a native entry with a mistake in it."""
    pairs, faults = read_pairs([entry], spelling)

    key, value, *_ = spelling
    complaint = f"has `{unknown}`, which it does not know: write {key} and {value} alone"
    assert (pairs, faults) == ({}, [Fault("[0]", complaint)])


@pytest.mark.parametrize("key", [{"Fn": "x"}, ["x"], 1.5], ids=["map", "list", "fraction"])
def test_native_key_is_a_text(key: object) -> None:
    """A name is a text; anything else is told."""
    assert read_pairs([{"Key": key, "Value": "x"}], TAG) == (
        {},
        [Fault("[0]", "has no name as its Key: write both Key and Value")],
    )


def test_native_key_may_be_a_number() -> None:
    """A number as a name is the text that its author wrote."""
    assert read_pairs([{"Key": 5, "Value": "x"}], TAG) == ({"5": "x"}, [])


@pytest.mark.parametrize("raw", [{"A": None, "B": "b"}, [{"A": None}, {"B": "b"}]], ids=repr)
def test_a_null_is_no_parameter(raw: object) -> None:
    """A parameter without a value is not given."""
    assert read_pairs(raw, PARAMETER) == ({"B": "b"}, [])


@pytest.mark.parametrize(
    ("raw", "path"), [({"A": None}, ".A"), ([{"A": None}, {"B": "b"}], "[0].A")], ids=repr
)
def test_a_null_is_no_tag(raw: object, path: str) -> None:
    """A tag without a value is told, not passed over."""
    assert read_pairs(raw, TAG)[1] == [
        Fault(path, "has no value: write one, or leave the name out")
    ]


@pytest.mark.parametrize(
    "entry",
    [{"ParameterKey": "A"}, {"ParameterKey": "A", "ParameterValue": None}],
    ids=["absent", "null"],
)
def test_no_value_in_native_spelling(entry: dict[str, Any]) -> None:
    """A ParameterKey alone is told, with the way to leave a parameter at its default."""
    message = (
        "has no ParameterValue: write both ParameterKey and ParameterValue, or leave the whole"
        " entry out"
    )
    assert read_pairs([entry, {"B": "b"}], PARAMETER) == ({"B": "b"}, [Fault("[0]", message)])


@pytest.mark.parametrize(
    ("spelling", "entry"),
    [
        (TAG, {"key": "A", "value": "a"}),
        (TAG, {"ParameterKey": "A", "ParameterValue": "a"}),
        (TAG, {"TagKey": "A", "TagValue": "a"}),
        (PARAMETER, {"parameterKey": "A", "parameterValue": "a"}),
    ],
    ids=repr,
)
def test_spellings_of_other_tools(spelling: Spelling, entry: dict[str, Any]) -> None:
    """An entry that can mean only one name with its value is read as that."""
    assert read_pairs([entry], spelling) == ({"A": "a"}, [])


@pytest.mark.parametrize(
    ("spelling", "raw"),
    [
        (PARAMETER, [{"Key": "A", "Value": "a"}]),
        (PARAMETER, [{"Name": "A", "Value": "a"}]),
        (PARAMETER, [{"name": "A", "value": "a"}]),
        (TAG, [{"name": "A", "value": "a"}]),
        (TAG, {"key": "A", "value": "a"}),
    ],
    ids=repr,
)
def test_one_pair_or_two(spelling: Spelling, raw: object) -> None:
    """What may be one name with its value or two is told; a rollback keeps reading it as two."""
    pairs, faults = read_pairs(raw, spelling)

    assert len(pairs) == 2
    assert "may be one name with its value or two: write" in faults[0].message


def test_two_parameters_of_these_names() -> None:
    """A map of parameters is one, whatever their names are."""
    raw = {"Name": "/app", "Value": "x"}
    assert read_pairs(raw, PARAMETER) == (raw, [])


@pytest.mark.parametrize("entry", [{"Key": "A"}, {"Key": "A", "Value": None}], ids=repr)
def test_tag_without_value(entry: dict[str, Any]) -> None:
    """A tag is nothing without its value: that is told, not passed over."""
    assert read_pairs([entry], TAG) == (
        {},
        [Fault("[0]", "has no Value: write both Key and Value")],
    )


def test_empty_native_value() -> None:
    """An empty text is a value: a parameter may be set to it."""
    assert read_pairs([{"ParameterKey": "A", "ParameterValue": ""}], PARAMETER) == ({"A": ""}, [])


_names = st.text(min_size=1, max_size=12).filter(lambda name: name not in _MEMBERS)
_values = st.one_of(st.text(max_size=12), st.integers(), st.booleans())


@given(st.data(), st.dictionaries(_names, _values, max_size=8))
def test_any_mix_reads_as_the_plain_map(data: st.DataObject, pairs: dict[str, Any]) -> None:
    """However the pairs are spelt, grouped and interrupted by gaps, they are the same pairs."""
    raw: list[object] = []
    for name, value in pairs.items():
        raw += data.draw(st.lists(st.sampled_from([None, "", {}]), max_size=2))
        last = raw[-1] if raw else None
        spelt = data.draw(st.sampled_from(["native", "one-entry map", "entry of the last map"]))
        if spelt == "native":
            raw.append({"Key": name, "Value": value})
        elif spelt == "entry of the last map" and isinstance(last, dict) and "Key" not in last:
            raw[-1] = {**last, name: value}
        else:
            raw.append({name: value})

    assert read_pairs(raw, TAG) == read_pairs(pairs, TAG)
    assert read_pairs(raw, TAG)[0].keys() == pairs.keys()


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda each: st.one_of(
        st.lists(each, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(sorted(_MEMBERS)), st.text()), each, max_size=3),
    ),
    max_leaves=12,
)


@given(_json)
def test_anything_is_read_or_told(raw: object) -> None:
    """Whatever is given, pairs of texts come out, and faults that say what to write."""
    pairs, faults = read_pairs(raw, PARAMETER)

    assert all(isinstance(each, str) for pair in pairs.items() for each in pair)
    assert all(fault.message for fault in faults)
