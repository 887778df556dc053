"""A list that comes empty deletes nothing; one that is left out does."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import InvalidProperties
from handler.properties.reading import read_leniently, read_previous, read_properties
from handler.values.targets import Target
from tests.factories import ONE, OREGON, THREE, TOKYO, TWO, VIRGINIA, group, targets_of, with_url


def _groups(*groups: object, **members: object) -> dict[str, Any]:
    return with_url(StackInstances=list(groups), **members)


def _refused(raw: dict[str, Any], old: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidProperties) as told:
        read_properties(raw, old)
    return [str(each) for each in told.value.faults]


_A, _B = group([ONE], [VIRGINIA]), group([TWO], [OREGON])
_NATIVE = {"DeploymentTargets": {"Accounts": [ONE]}, "Regions": [VIRGINIA]}


@pytest.mark.parametrize(
    ("raw", "path", "holder"),
    [
        (with_url(StackInstances=""), "StackInstances", "StackInstances"),
        (_groups(""), "StackInstances[0]", "StackInstances[0]"),
        (_groups(group([""])), "StackInstances[0].Accounts", "StackInstances[0]"),
        (_groups(group(["", None, " "])), "StackInstances[0].Accounts", "StackInstances[0]"),
        (_groups(group([ONE], [""])), "StackInstances[0].Regions", "StackInstances[0]"),
        (_groups(group([""], [""])), "StackInstances[0].Accounts", "StackInstances[0]"),
        (
            _groups({"DeploymentTargets": {"Accounts": [""]}, "Regions": [VIRGINIA]}),
            "StackInstances[0].DeploymentTargets.Accounts",
            "StackInstances[0]",
        ),
        (with_url(StackInstancesGroup=[""]), "StackInstancesGroup[0]", "StackInstancesGroup[0]"),
    ],
    ids=repr,
)
class TestEveryBlank:
    """The same blank where instances stood, where none did, and on a Create."""

    def test_refused_where_instances_stood(
        self, raw: dict[str, Any], path: str, holder: str
    ) -> None:
        """An update in which a list becomes blank is refused, with both mends."""
        (text,) = _refused(raw, _groups(_A))

        assert text == (
            f"{path} is blank now, which would delete 1 stack instance: fill it in again, or, if"
            f" they are meant to go, leave {holder} out or write AWS::NoValue in its place"
        )

    def test_none_on_a_create(self, raw: dict[str, Any], path: str, holder: str) -> None:
        """On a Create it means none, and the answer can say so."""
        reading = read_properties(raw)

        assert reading.spec.instances == {}
        assert reading.warnings == (f"{path} is blank, so {holder} names no instances.",)

    def test_none_where_it_was_blank(self, raw: dict[str, Any], path: str, holder: str) -> None:
        """What was blank before is as it was, whatever else changes."""
        reading = read_properties({**raw, "Tags": {"A": "b"}}, raw)

        assert reading.spec.instances == {}
        assert reading.warnings == (f"{path} is blank, so {holder} names no instances.",)

    def test_none_on_a_rollback(self, raw: dict[str, Any], path: str, holder: str) -> None:
        """A rollback takes it for none."""
        reading = read_leniently(raw)

        assert reading.spec.instances == {}
        assert reading.warnings == (f"{path} is blank, so {holder} names no instances.",)

    def test_previous(self, raw: dict[str, Any], path: str, holder: str) -> None:
        """Old properties with blanks are certain."""
        assert path.startswith(holder)
        assert read_previous(raw).certain


@pytest.mark.parametrize(
    "raw",
    [with_url(), with_url(StackInstances=None), _groups(), _groups(None)],
    ids=["left out", "null", "empty", "an entry left out"],
)
def test_taken_out_on_purpose(raw: dict[str, Any]) -> None:
    """What AWS::NoValue leaves behind, and an empty list, delete what stood there."""
    reading = read_properties(raw, _groups(_A, _B))

    assert reading.spec.instances == {}
    assert reading.warnings == ()


class TestMatching:
    """Which group has become blank, and which is simply gone."""

    def test_a_group_that_is_gone(self) -> None:
        """A group may be taken out beside one that was blank already."""
        blank = group([""], [TOKYO])

        for raw in (_groups(_A, blank), _groups(blank, _A), _groups(_A, "", blank)):
            reading = read_properties(raw, _groups(_A, blank, _B))
            assert set(reading.spec.instances) == {Target(ONE, VIRGINIA)}

    def test_a_new_group_that_is_blank(self) -> None:
        """A group that is blank from its beginning takes nothing away."""
        reading = read_properties(_groups(_A, _B, group([""])), _groups(_A, _B))

        assert len(reading.warnings) == 1

    def test_a_new_blank_group_beside_a_smaller_one(self) -> None:
        """An account that leaves a group is no matter of a new group."""
        reading = read_properties(
            _groups(_A, group([""], [TOKYO])), _groups(group([ONE, TWO], [VIRGINIA]))
        )

        assert set(reading.spec.instances) == {Target(ONE, VIRGINIA)}

    def test_one_of_several(self) -> None:
        """The group at the same place has become blank."""
        (text,) = _refused(_groups(_A, group([""], [OREGON])), _groups(_A, _B))

        assert text.startswith("StackInstances[1].Accounts is blank now")

    def test_moved(self) -> None:
        """A group that has become blank and moved is found, too."""
        for raw in (_groups(group([""], [OREGON]), _A), _groups(group([TWO], [""]), _A)):
            assert len(_refused(raw, _groups(_A, _B))) == 1

    def test_in_the_place_of_a_blank(self) -> None:
        """A group that has become blank is found in the place of one that was blank before."""
        old = _groups(group([""], [TOKYO]), _B)

        assert len(_refused(_groups(group([""], [OREGON])), old)) == 1
        assert len(_refused(_groups(group([TWO], [""])), old)) == 1

    def test_blanks_multiply(self) -> None:
        """One blank before does not excuse two now."""
        (text,) = _refused(_groups("", ""), _groups("", _A))

        assert text.startswith("StackInstances[1] is blank now")

    def test_named_elsewhere(self) -> None:
        """A group whose instances another group names by now has lost nothing."""
        reading = read_properties(_groups(group([""]), group([ONE, TWO], [VIRGINIA])), _groups(_A))

        assert set(reading.spec.instances) == targets_of([ONE, TWO], [VIRGINIA])

    def test_part_of_it_named_elsewhere(self) -> None:
        """What has become blank in its place and lost an instance is told, with how many."""
        old = _groups(group([ONE, TWO, THREE], [VIRGINIA]))
        (text,) = _refused(_groups(group([""]), _A), old)

        assert "would delete 2 stack instances" in text

    def test_other_spelling(self) -> None:
        """A group that changes its spelling and becomes blank is found."""
        old = with_url(StackInstancesGroup=[_NATIVE])

        assert len(_refused(_groups(group([""], [VIRGINIA])), old)) == 1
        assert len(_refused(with_url(StackInstances=""), old)) == 1

    def test_beside_other_faults(self) -> None:
        """It is told together with all else that is wrong."""
        texts = _refused(_groups("", CallAs="x", Tagz="y"), _groups(_A))

        assert [text.split()[0] for text in texts] == ["CallAs", "`Tagz`", "StackInstances[0]"]

    def test_old_properties_that_are_wrong(self) -> None:
        """What the old properties name counts whatever else is wrong with them."""
        assert len(_refused(_groups(""), _groups(_A, TemplateURL="", Tagz="x"))) == 1


def test_blanks_around_names() -> None:
    """Fn::Split leaves blanks around accounts and Regions, and perhaps an empty piece."""
    accounts, regions = f"{ONE}, {TWO} ,".split(","), f" {VIRGINIA} , ".split(",")
    native = {"DeploymentTargets": {"Accounts": [f"\t{THREE}\n", " "]}, "Regions": [f" {OREGON}"]}

    reading = read_properties(_groups(group(accounts, regions), native), {})

    assert set(reading.spec.instances) == {
        Target(ONE, VIRGINIA),
        Target(TWO, VIRGINIA),
        Target(THREE, OREGON),
    }
    assert reading.warnings == ()


def test_the_same_account_with_blanks() -> None:
    """An account that is there twice is told, blanks or not."""
    with pytest.raises(InvalidProperties, match=f"names {ONE} twice"):
        read_properties(_groups(group([ONE, f" {ONE}"])))
