"""The story that the product comes from, with the templates of examples/."""

from __future__ import annotations

from pathlib import Path

from emulator.local.aws import LocalAWS
from tests.local.consumer import ADMINISTRATION_ROLE, MEMBERS, REGION

_EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def _greetings(aws: LocalAWS) -> dict[str, str]:
    """Call every member's function; a member without one is not in the answer."""
    greetings = {}
    for account in MEMBERS:
        functions = aws.client("lambda", account, REGION)
        for found in functions.list_functions()["Functions"]:
            answer = functions.invoke(FunctionName=found["FunctionName"])
            greetings[account] = answer["Payload"].read().decode().strip('"')
    return greetings


def _dates(aws: LocalAWS) -> set[str]:
    """Return the DeployDate tags of the member stacks."""
    return {
        tag["Value"]
        for account in MEMBERS
        for stack in aws.client("cloudformation", account, REGION).describe_stacks()["Stacks"]
        for tag in stack["Tags"]
        if tag["Key"] == "DeployDate"
    }


def test_story(provider: LocalAWS) -> None:
    """Deploy to three accounts, deploy again, add an account, take one away, delete."""
    app = (_EXAMPLES / "app.yaml").read_bytes()

    def deploy(accounts: list[str], date: str) -> dict[str, str]:
        outcome = provider.deploy(
            "stacksets",
            _EXAMPLES / "stacksets.yaml",
            {
                "TemplateURL": provider.upload("stackset-resource-story", "app.yaml", app),
                "AdministrationRoleARN": ADMINISTRATION_ROLE,
                "Accounts": ",".join(accounts),
                "DeployDate": date,
            },
        )
        return dict(outcome.require().outputs)

    first = deploy(MEMBERS[:3], "2026-11-23")
    assert first["InstanceCount"] == "3"
    assert _greetings(provider) == {
        account: f"Hello from {account} in {REGION}" for account in MEMBERS[:3]
    }
    assert _dates(provider) == {"2026-11-23"}

    again = deploy(MEMBERS[:3], "2026-11-24")
    assert again["StackSetId"] == first["StackSetId"]
    assert _dates(provider) == {"2026-11-24"}

    assert deploy(MEMBERS, "2026-11-24")["InstanceCount"] == "4"
    assert sorted(_greetings(provider)) == MEMBERS

    assert deploy(MEMBERS[1:], "2026-11-24")["InstanceCount"] == "3"
    assert sorted(_greetings(provider)) == MEMBERS[1:]

    assert provider.delete("stacksets").succeeded
    assert _greetings(provider) == {}
