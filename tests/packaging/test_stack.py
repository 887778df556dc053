"""How the stack is deployed, and what a deployment would change."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.packaging.answers import ACCOUNT, DENIED, Answers
from tools import standing
from tools.aws import AwsError
from tools.stack import Stack
from tools.standing import DeployFailed

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Deployer"
PACKAGED = Path("packaged.yaml")


@dataclass(frozen=True)
class Shown(Answers):
    """The AWS CLI whose commands the user sees.

    Attributes:
        shown: These commands.
        succeeds: Whether they do.
    """

    shown: list[tuple[str, ...]] = field(default_factory=list)
    succeeds: bool = True

    def show(self, *words: str) -> bool:
        """Keep the command."""
        self.shown.append(words)
        return self.succeeds


def _change(action: str, replacement: str = "False") -> dict[str, object]:
    change = {"Action": action, "LogicalResourceId": f"{action}d", "ResourceType": "AWS::X::Y"}
    return {"ResourceChange": {**change, "Replacement": replacement}}


def _sets(*names: str, status: str = "CREATE_COMPLETE") -> dict[str, object]:
    return {"Summaries": [{"ChangeSetId": name, "Status": status} for name in names]}


def test_tags_and_role() -> None:
    """Tags, role and parameters reach CloudFormation, and nothing that is not given."""
    aws = Shown()
    Stack(aws, "S", {"team": "a b", "cost": "1=2"}, ROLE).deploy(PACKAGED, {"A": "x,y"})
    [words] = aws.shown
    assert words[words.index("--tags") + 1 :][:2] == ("team=a b", "cost=1=2")
    assert words[words.index("--role-arn") + 1] == ROLE
    assert words[words.index("--parameter-overrides") + 1] == "A=x,y"
    Stack(aws, "S").deploy(PACKAGED, {})
    assert not {"--tags", "--role-arn", "--parameter-overrides"} & {*aws.shown[-1]}


def test_what_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    """Each resource is told with what happens to it, and how the change set is executed."""
    changes = [_change("Modify", "True"), _change("Modify", "Conditional"), _change("Add")]
    listed = [_sets("arn:old"), _sets("arn:old", "arn:new")]
    aws = Shown(
        given={"list-change-sets": listed, "describe-change-set arn:new": {"Changes": changes}}
    )
    Stack(aws, "S").propose(PACKAGED, {})
    assert "--no-execute-changeset" in aws.shown[0]
    assert capsys.readouterr().out.splitlines() == [
        "  Modify, replaced: Modifyd (AWS::X::Y)",
        "  Modify, perhaps replaced: Modifyd (AWS::X::Y)",
        "  Add: Addd (AWS::X::Y)",
        "To execute it: aws cloudformation execute-change-set --change-set-name arn:new",
    ]


@pytest.mark.parametrize("after", [_sets("arn:old"), _sets("arn:new", status="FAILED"), DENIED])
def test_nothing_would_change(after: object, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty change set is a failed one to CloudFormation; here it is nothing."""
    gone = AwsError("An error occurred (ValidationError) when calling X: S does not exist")
    Stack(Shown(given={"list-change-sets": [_sets("arn:old"), after]}), "S").propose(PACKAGED, {})
    Stack(Shown(given={"list-change-sets": gone}), "S").propose(PACKAGED, {})
    assert capsys.readouterr().out.splitlines() == ["Nothing would change in stack S."] * 2


def test_no_change_set() -> None:
    """A change set that CloudFormation refuses is told, after its own words."""
    aws = Shown(given={"list-change-sets": _sets()}, succeeds=False)
    with pytest.raises(DeployFailed, match="No change set of stack S was made"):
        Stack(aws, "S").propose(PACKAGED, {})


def test_tags_on_the_command_line() -> None:
    """Values may hold anything; a word without a value, or a key of AWS's own, is refused."""
    assert standing.read_tags(["a=b=c", "d:e="]) == {"a": "b=c", "d:e": ""}
    for word in ("a", "=b", "aws:x=y"):
        with pytest.raises(DeployFailed, match="--tags takes words of the form KEY=VALUE"):
            standing.read_tags(["a=b", word])


def test_a_role_name_of_another_region() -> None:
    """Roles are the account's, not the Region's: a name that is taken is refused."""
    missing = AwsError("An error occurred (NoSuchEntity) when calling the GetRole operation: none")
    standing.check_role_name(Answers(given={"get-role": missing}), "Own")
    with pytest.raises(DeployFailed, match=r"Role Own exists already.*RoleNamePrefix"):
        standing.check_role_name(Answers(given={"get-role": {"Role": {}}}), "Own")
