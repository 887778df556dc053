"""Whatever is wrong is told: its path, what is wrong, and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import InvalidProperties
from handler.properties.reading import parse_properties
from tests.factories import (
    GROUP_MEMBERS,
    IRELAND,
    ONE,
    OREGON,
    PREFERENCES,
    PROPERTIES,
    STACK_ID,
    THREE,
    TOKYO,
    TWO,
    VIRGINIA,
    faults_of,
    group,
    texts_of,
    with_url,
)

_BAD: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "no template",
        {},
        ["TemplateURL is missing: write TemplateURL or TemplateBody"],
    ),
    (
        "empty template",
        {"TemplateURL": "", "TemplateBody": ""},
        ["TemplateURL is missing: write TemplateURL or TemplateBody"],
    ),
    (
        "two templates",
        with_url(TemplateBody="{}"),
        ["TemplateURL and TemplateBody are both given: keep one of the two"],
    ),
    (
        "two descriptions",
        with_url(StackSetDescription="a", Description="b"),
        ["Description and StackSetDescription differ: keep one of the two"],
    ),
    (
        "tolerance twice",
        with_url(
            OperationPreferences={"FailureToleranceCount": "0", "FailureTolerancePercentage": "0"}
        ),
        [
            (
                "OperationPreferences has both FailureToleranceCount and"
                " FailureTolerancePercentage:"
                " keep one of the two"
            )
        ],
    ),
    (
        "concurrency twice",
        with_url(OperationPreferences={"MaxConcurrentCount": "1", "MaxConcurrentPercentage": "1"}),
        [
            (
                "OperationPreferences has both MaxConcurrentCount and"
                " MaxConcurrentPercentage: keep one"
                " of the two"
            )
        ],
    ),
    (
        "no accounts",
        with_url(StackInstances=[{"Regions": [VIRGINIA]}]),
        ["StackInstances[0] names no accounts: write Accounts, or leave the group out"],
    ),
    (
        "accounts twice",
        with_url(StackInstances=[group(DeploymentTargets={"Accounts": [TWO]})]),
        ["StackInstances[0] has both Accounts and DeploymentTargets: keep one of the two"],
    ),
    (
        "no regions",
        with_url(StackInstances=[{"Accounts": [ONE]}]),
        ["StackInstances[0].Regions is missing: write it, or leave the whole map out"],
    ),
    (
        "empty accounts",
        with_url(StackInstances=[group([])]),
        ["StackInstances[0].Accounts is empty: write at least one, or leave the group out"],
    ),
    (
        "empty regions",
        with_url(StackInstances=[group([ONE], [])]),
        ["StackInstances[0].Regions is empty: write at least one, or leave the group out"],
    ),
    (
        "empty targets",
        with_url(StackInstancesGroup=[{"DeploymentTargets": {}, "Regions": [VIRGINIA]}]),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.Accounts is missing: write it, or"
                " leave the"
                " whole map out"
            )
        ],
    ),
    (
        "instance in two groups",
        with_url(
            StackInstances=[group([ONE, TWO]), group([TWO, THREE], [OREGON, VIRGINIA])],
        ),
        [
            (
                "StackInstances[1] names 222222222222 in us-east-1 again, after"
                " StackInstances[0]: name"
                " it once"
            )
        ],
    ),
    (
        "instance in both spellings",
        with_url(StackInstances=[group([ONE])], StackInstancesGroup=[group([ONE])]),
        [
            (
                "StackInstancesGroup[0] names 111111111111 in us-east-1 again, after"
                " StackInstances[0]:"
                " name it once"
            )
        ],
    ),
    (
        "account twice in a group",
        with_url(StackInstances=[group([ONE, ONE])]),
        ["StackInstances[0].Accounts names 111111111111 twice: write it once"],
    ),
    (
        "bad account",
        with_url(StackInstances=[group(), group([TWO, "12345"])]),
        [
            (
                "StackInstances[1].Accounts[1] is '12345': write the 12 digits of an account id, in"
                " quotes so that leading zeros stay"
            )
        ],
    ),
    (
        "bad account in native words",
        with_url(
            StackInstancesGroup=[{"DeploymentTargets": {"Accounts": ["x"]}, "Regions": [VIRGINIA]}]
        ),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.Accounts[0] is 'x': write the 12"
                " digits of an"
                " account id, in quotes so that leading zeros stay"
            )
        ],
    ),
    (
        "map instead of list of groups",
        with_url(StackInstances=group()),
        ["StackInstances is a map: write a list, `- ` before each entry"],
    ),
    (
        "text instead of group",
        with_url(StackInstances=["us-east-1"]),
        [
            (
                "StackInstances[0] is 'us-east-1': write a map with Accounts, DeploymentTargets,"
                " Regions, ParameterOverrides"
            )
        ],
    ),
    (
        "list instead of targets",
        with_url(StackInstances=[{"DeploymentTargets": [ONE], "Regions": [VIRGINIA]}]),
        [
            (
                "StackInstances[0].DeploymentTargets is a list: write a map with Accounts,"
                " AccountsUrl, OrganizationalUnitIds, AccountFilterType, ExcludedAccounts,"
                " IncludeManagementAccount"
            )
        ],
    ),
    (
        "text instead of preferences",
        with_url(OperationPreferences="quick"),
        [
            (
                "OperationPreferences is 'quick': write CAREFUL, BALANCED or FAST, or a map with"
                " RegionConcurrencyType, RegionOrder,"
                " FailureToleranceCount, FailureTolerancePercentage, MaxConcurrentCount,"
                " MaxConcurrentPercentage, ConcurrencyMode"
            )
        ],
    ),
    (
        "dry run",
        with_url(DryRun="true"),
        [
            (
                "DryRun cannot be: CloudFormation would record as deployed what was not, and the"
                " next update would start from there. Leave it out, and look at the change with a"
                " change set of the stack"
            )
        ],
    ),
    (
        "what is to stay",
        with_url(RetainStacks="yes", UnreachableAccounts="FORGET", MaxDeletePercentage="10 %"),
        [
            "RetainStacks is 'yes': write true or false",
            "UnreachableAccounts is 'FORGET': write RETAIN or FAIL",
            "MaxDeletePercentage is '10 %': write a whole number from 0 to 100",
        ],
    ),
    (
        "revision",
        with_url(Revision=["2"]),
        ["Revision is a list: write any text, another one whenever a new run is wanted"],
    ),
    (
        "bad preference",
        with_url(OperationPreferences={"MaxConcurrentCount": "0"}),
        ["OperationPreferences.MaxConcurrentCount is '0': write a whole number of at least 1"],
    ),
    (
        "bad managed execution",
        with_url(ManagedExecution={"Active": "on"}),
        ["ManagedExecution.Active is 'on': write true or false"],
    ),
    (
        "unknown member of managed execution",
        with_url(ManagedExecution={"Activ": "true"}),
        ["`Activ` is not a property of ManagedExecution; did you mean `Active`?"],
    ),
    (
        "bad parameters",
        with_url(Parameters="Size=big"),
        ["Parameters must be `name: value` or `ParameterKey: name, ParameterValue: value`"],
    ),
    (
        "bad override",
        with_url(StackInstances=[group(ParameterOverrides=[{"A": "1"}, {"A": "2"}])]),
        ["StackInstances[0].ParameterOverrides[1].A gives A a value again: write it once"],
    ),
    (
        "bad tag",
        with_url(Tags=[{"Key": "a"}, {"aws:x": "y"}]),
        [
            "Tags[0] has no Value: write both Key and Value",
            "Tags.aws:x begins with `aws:`, which is reserved: rename it",
        ],
    ),
    (
        "unknown property",
        with_url(StackInstancez=[group()]),
        ["`StackInstancez` is not a property of Custom::StackSet; did you mean `StackInstances`?"],
    ),
    (
        "unknown member of a group",
        with_url(StackInstances=[{"Acounts": [ONE], "Accounts": [TWO], "Regions": [VIRGINIA]}]),
        ["`Acounts` is not a property of StackInstances[0]; did you mean `Accounts`?"],
    ),
    (
        "unknown member of the preferences",
        with_url(OperationPreferences={"MaxConcurentCount": "3"}),
        [
            (
                "`MaxConcurentCount` is not a property of OperationPreferences; did you mean"
                " `MaxConcurrentCount`?"
            )
        ],
    ),
    (
        "unknown member of the targets",
        with_url(
            StackInstancesGroup=[
                {"DeploymentTargets": {"Account": [ONE], "Accounts": [TWO]}, "Regions": [VIRGINIA]}
            ]
        ),
        [
            (
                "`Account` is not a property of StackInstancesGroup[0].DeploymentTargets;"
                " did you mean"
                " `Accounts`?"
            )
        ],
    ),
    (
        "units without service-managed permissions, filtered",
        with_url(
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {
                        "OrganizationalUnitIds": ["ou-abcd-12345678"],
                        "AccountFilterType": "DIFFERENCE",
                        "Accounts": [ONE],
                    },
                    "Regions": [VIRGINIA],
                }
            ]
        ),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.AccountFilterType is DIFFERENCE, which"
                " needs PermissionModel: SERVICE_MANAGED: remove it, and write ExcludedAccounts"
                " instead of Accounts"
            )
        ],
    ),
    (
        "only some of units without service-managed",
        with_url(
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {
                        "OrganizationalUnitIds": ["ou-abcd-12345678"],
                        "AccountFilterType": "INTERSECTION",
                        "Accounts": [ONE],
                    },
                    "Regions": [VIRGINIA],
                }
            ]
        ),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.AccountFilterType is INTERSECTION, which"
                " needs PermissionModel: SERVICE_MANAGED: remove it, and OrganizationalUnitIds,"
                " too, for Accounts alone say who is meant"
            )
        ],
    ),
    (
        "named and excluded",
        with_url(
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {
                        "OrganizationalUnitIds": ["ou-abcd-12345678"],
                        "Accounts": [ONE],
                        "ExcludedAccounts": [ONE, TWO],
                    },
                    "Regions": [VIRGINIA],
                }
            ]
        ),
        [
            (
                f"StackInstancesGroup[0].DeploymentTargets.ExcludedAccounts names {ONE}, as"
                " Accounts does: take them out of one of the two"
            )
        ],
    ),
    (
        "units beside DeploymentTargets",
        with_url(
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {"Accounts": [ONE]},
                    "OrganizationalUnitIds": ["ou-abcd-12345678"],
                    "Regions": [VIRGINIA],
                }
            ]
        ),
        [
            (
                "`OrganizationalUnitIds` is not a property of StackInstancesGroup[0]; write it into"
                " DeploymentTargets of this group."
            )
        ],
    ),
    (
        "a member of AutoDeployment",
        with_url(RetainStacksOnAccountRemoval="true"),
        [
            (
                "`RetainStacksOnAccountRemoval` is not a property of Custom::StackSet; write it"
                " into AutoDeployment."
            )
        ],
    ),
    (
        "an import's unknown member",
        with_url(ImportStacks=[{"StackId": STACK_ID, "Id": "x"}]),
        [("`Id` is not a property of ImportStacks[0]; it knows StackId, OrganizationalUnitIds.")],
    ),
    (
        "a take-over of no name",
        with_url(OnExistingStackSet="ADOPT"),
        [
            (
                "StackSetName is missing: OnExistingStackSet: ADOPT needs the name of what to take"
                " over"
            )
        ],
    ),
    (
        "a unit of a wrong form",
        with_url(
            PermissionModel="SERVICE_MANAGED",
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {"OrganizationalUnitIds": ["ou-ab12"]},
                    "Regions": [VIRGINIA],
                }
            ],
        ),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.OrganizationalUnitIds[0] is 'ou-ab12':"
                " write the id of an organizational unit, ou-..., or of the root, r-... (an"
                " organization's own id, o-..., is neither)"
            )
        ],
    ),
    (
        "exceptions without units",
        with_url(
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {
                        "Accounts": [ONE],
                        "ExcludedAccounts": [TWO],
                        "IncludeManagementAccount": "true",
                    },
                    "Regions": [VIRGINIA],
                }
            ]
        ),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.ExcludedAccounts needs"
                " OrganizationalUnitIds beside it: remove it, or name the units"
            ),
            (
                "StackInstancesGroup[0].DeploymentTargets.IncludeManagementAccount needs"
                " OrganizationalUnitIds beside it: remove it, or name the units"
            ),
        ],
    ),
    (
        "exceptions of service-managed units",
        with_url(
            PermissionModel="SERVICE_MANAGED",
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {
                        "OrganizationalUnitIds": ["ou-abcd-12345678"],
                        "ExcludedAccounts": [TWO],
                    },
                    "Regions": [VIRGINIA],
                }
            ],
        ),
        [
            (
                "StackInstancesGroup[0].DeploymentTargets.ExcludedAccounts goes with"
                " PermissionModel: SELF_MANAGED only: write AccountFilterType: DIFFERENCE, and"
                " these accounts into Accounts"
            )
        ],
    ),
    (
        "outputs that are none",
        with_url(OutputKeys=["Vpc-Id", {"A": "B"}]),
        [
            "OutputKeys[0] is 'Vpc-Id': write the name of an output: letters and digits",
            "OutputKeys[1] is a map: write the name of an output: letters and digits",
        ],
    ),
    (
        "outputs that are no list",
        with_url(OutputKeys="VpcId"),
        ["OutputKeys is 'VpcId': write a list, `- ` before each entry"],
    ),
    (
        "an output twice",
        with_url(OutputKeys=["VpcId", "", "VpcId"]),
        ["OutputKeys names VpcId twice: write it once"],
    ),
    (
        "outputs before there are any",
        with_url(OutputKeys=["VpcId"], WaitFor="START"),
        [
            (
                "OutputKeys cannot be told with WaitFor: START, whose answer comes before the"
                " stacks: leave one of the two out"
            )
        ],
    ),
    (
        "nothing like it",
        with_url(StackInstances=[group(Zzz="x")]),
        [
            (
                "`Zzz` is not a property of StackInstances[0]; it knows Accounts,"
                " DeploymentTargets,"
                " Regions, ParameterOverrides."
            )
        ],
    ),
    (
        "several at once",
        with_url(
            StackSetName="my set",
            Capabilities="CAPABILITY_IAM",
            OperationPreferences={"MaxConcurrentCount": "many", "RegionOrder": ["Tokyo"]},
            StackInstances=[group(["1"], ["Tokyo"])],
        ),
        [
            (
                "StackSetName is 'my set': write at most 128 letters, digits and hyphens, a letter"
                " first"
            ),
            "Capabilities is 'CAPABILITY_IAM': write a list, `- ` before each entry",
            (
                "OperationPreferences.RegionOrder[0] is 'Tokyo': write the name of a region,"
                " such as"
                " us-east-1"
            ),
            "OperationPreferences.MaxConcurrentCount is 'many': write a whole number of at least 1",
            (
                "StackInstances[0].Accounts[0] is '1': write the 12 digits of an account id,"
                " in quotes"
                " so that leading zeros stay"
            ),
            (
                "StackInstances[0].Regions[0] is 'Tokyo': write the name of a region, such as"
                " us-east-1"
            ),
        ],
    ),
    (
        "several across fields at once",
        {
            "OperationPreferences": {
                "FailureToleranceCount": "0",
                "FailureTolerancePercentage": "0",
            },
            "StackInstances": [group(), group(), {"Regions": [TOKYO]}],
        },
        [
            "TemplateURL is missing: write TemplateURL or TemplateBody",
            (
                "OperationPreferences has both FailureToleranceCount and"
                " FailureTolerancePercentage:"
                " keep one of the two"
            ),
            (
                "StackInstances[1] names 111111111111 in us-east-1 again, after"
                " StackInstances[0]: name"
                " it once"
            ),
            "StackInstances[2] names no accounts: write Accounts, or leave the group out",
        ],
    ),
]


@pytest.mark.parametrize(
    ("raw", "texts"), [each[1:] for each in _BAD], ids=[each[0] for each in _BAD]
)
def test_bad_input(raw: dict[str, Any], texts: list[str]) -> None:
    """What cannot be is told with its path, what is wrong, and what to write."""
    assert texts_of(raw) == texts


def _typos(name: str) -> list[str]:
    return [name[:-1] + "z", name[:2] + name[3:], name + "s", name.lower(), name.upper()]


@pytest.mark.parametrize(
    ("level", "known"),
    [
        pytest.param(level, known, id=f"{level}.{known}")
        for level, names in (
            ("", PROPERTIES),
            ("group", GROUP_MEMBERS),
            ("preferences", PREFERENCES),
        )
        for known in names
    ],
)
def test_did_you_mean(level: str, known: str) -> None:
    """A misspelt name is told with the name that was meant, at every level."""
    every = {*PROPERTIES, *GROUP_MEMBERS, *PREFERENCES}
    for typo in set(_typos(known)) - every:
        raw = {
            "": with_url(**{typo: "x"}),
            "group": with_url(StackInstances=[{**group(), typo: "x"}]),
            "preferences": with_url(OperationPreferences={typo: "x"}),
        }[level]

        (text,) = texts_of(raw)

        assert text.startswith(f"`{typo}` is not a property of ")
        assert text.endswith(f"; did you mean `{known}`?")


def test_unknown_tells_what_is_known() -> None:
    """Where nothing is alike, all that is known is told."""
    (text,) = texts_of(with_url(Xyzzy="x"))

    assert text.startswith("`Xyzzy` is not a property of Custom::StackSet; it knows ServiceToken,")
    assert text.endswith("loglevel, botolevel.")


def test_all_faults_at_once() -> None:
    """What is wrong among several properties is told together with what is wrong in one."""
    raw = {
        "StackSetName": "my set",
        "Tagz": "x",
        "OperationPreferences": {"MaxConcurrentCount": "1", "MaxConcurrentPercentage": "1"},
        "StackInstances": [group(), group()],
    }

    assert texts_of(raw) == [
        "StackSetName is 'my set': write at most 128 letters, digits and hyphens, a letter first",
        "`Tagz` is not a property of Custom::StackSet; did you mean `Tags`?",
        "TemplateURL is missing: write TemplateURL or TemplateBody",
        (
            "OperationPreferences has both MaxConcurrentCount and MaxConcurrentPercentage:"
            " keep one of the two"
        ),
        (
            "StackInstances[1] names 111111111111 in us-east-1 again, after StackInstances[0]:"
            " name it once"
        ),
    ]


@pytest.mark.parametrize("name", ["TemplateURL", "TemplateBody"])
def test_bad_template_is_not_missing(name: str) -> None:
    """A template that is wrong is told as wrong alone, not as missing too."""
    (text,) = texts_of({name: ["x"]})

    assert text.startswith(f"{name} is a list: write ")


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (with_url(StackInstances=["", group(["1"])]), "StackInstances[1].Accounts[0]"),
        (with_url(StackInstances=[group(["", "1"])]), "StackInstances[0].Accounts[1]"),
    ],
    ids=["group", "account"],
)
def test_gaps_keep_their_numbers(raw: dict[str, Any], path: str) -> None:
    """A path counts the entries that the author wrote, gaps among them."""
    assert faults_of(raw)[0].path == path


def test_broken_url() -> None:
    """An address that no program can read is told."""
    assert texts_of({"TemplateURL": "https://[b.s3.amazonaws.com/k"}) != []


def test_error_carries_the_faults() -> None:
    """The error's text is all its faults, counted."""
    with pytest.raises(InvalidProperties) as caught:
        parse_properties({"StackSetName": "my set", "TemplateURL": "x"})

    assert str(caught.value).startswith("The properties have 2 faults: StackSetName is 'my set': ")
    assert " | TemplateURL is 'x': " in str(caught.value)


def test_many_faults_are_told_in_reasonable_time() -> None:
    """A template for 800 accounts in which every account is wrong is still answered."""
    raw = with_url(StackInstances=[group([f"{n:011d}" for n in range(800)], [VIRGINIA, IRELAND])])

    assert len(faults_of(raw)) == 800
