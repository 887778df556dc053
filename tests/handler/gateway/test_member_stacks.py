"""Stacks in target accounts: a role is taken, outputs are read, and refusals say what to do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handler.gateway.member_stacks import MemberStacks, NotRead

CREDENTIALS = {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "very-secret"}
STACK_ID = "arn:aws:cloudformation:eu-west-1:222222222222:stack/StackSet-x/1"


class Amazon:
    """STS and CloudFormation, which answer or refuse."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.asked: list[Any] = []
        self.closed = 0

    def _answered(self, *asked: Any) -> Any:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def assume_role(self, **asked: Any) -> Any:
        """Take a role."""
        return self._answered(asked)

    def describe_stacks(self, **asked: Any) -> Any:
        """Tell of a stack."""
        return self._answered(asked)

    def close(self) -> None:
        """Let go of connections."""
        self.closed += 1


def refused(code: str, message: str = "no") -> ClientError:
    """An error that AWS answers."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Call")


def members(amazon: Any) -> MemberStacks:
    """Those of a role with a path."""

    def make(credentials: Any, region: str) -> Any:
        assert (credentials, region) == (CREDENTIALS, "eu-west-1")
        return amazon

    return MemberStacks("team/Reader", lambda: amazon, make)


def test_enter() -> None:
    """The role of the account's partition is taken, for the shortest time and under our name."""
    amazon = Amazon({"Credentials": CREDENTIALS})

    assert members(amazon).enter("222222222222", "aws-cn") == CREDENTIALS
    assert amazon.asked == [
        (
            {
                "RoleArn": "arn:aws-cn:iam::222222222222:role/team/Reader",
                "RoleSessionName": "stackset-resource",
                "DurationSeconds": 900,
            },
        )
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (refused("AccessDenied"), "AccessDenied"),
        (EndpointConnectionError(endpoint_url="https://sts"), "EndpointConnectionError"),
    ],
)
def test_no_entry(error: Exception, code: str) -> None:
    """The cause is told with the role, and the mend with the template that makes it."""
    with pytest.raises(NotRead) as caught:
        members(Amazon(error)).enter("222222222222", "aws")

    assert caught.value.cause == f"the role team/Reader cannot be assumed there ({code})"
    assert "examples/roles/output-reader.yaml" in caught.value.mend
    assert caught.value.told == str(error)


@pytest.mark.parametrize(
    ("stack", "outputs"),
    [
        ({}, {}),
        ({"Outputs": [{"OutputKey": "VpcId", "OutputValue": "vpc-1"}]}, {"VpcId": "vpc-1"}),
    ],
)
def test_outputs(stack: dict[str, Any], outputs: dict[str, str]) -> None:
    """The outputs of a stack are asked for where it is, and connections do not pile up."""
    amazon = Amazon({"Stacks": [stack]})

    assert members(amazon).outputs(CREDENTIALS, "eu-west-1", STACK_ID) == outputs
    assert amazon.asked == [({"StackName": STACK_ID},)]
    assert amazon.closed == 1


@pytest.mark.parametrize(
    ("error", "cause", "mend"),
    [
        (
            refused("ValidationError", "Stack with id x does not exist"),
            "the stack does not exist any more",
            "out of the template",
        ),
        (
            refused("AccessDenied"),
            "the role team/Reader may not describe the stack (AccessDenied)",
            "cloudformation:DescribeStacks",
        ),
        (
            refused("InvalidClientTokenId"),
            "DescribeStacks is refused (InvalidClientTokenId)",
            "Enable the Region",
        ),
        (
            refused("SignatureDoesNotMatch", "signed: very-secret"),
            "DescribeStacks is refused (SignatureDoesNotMatch)",
            "another Revision",
        ),
    ],
)
def test_no_outputs(error: Exception, cause: str, mend: str) -> None:
    """Why is told, and what to do; what AWS says is told without credentials."""
    amazon = Amazon(error)
    with pytest.raises(NotRead) as caught:
        members(amazon).outputs(CREDENTIALS, "eu-west-1", STACK_ID)

    assert caught.value.cause == cause
    assert mend in caught.value.mend
    assert "very-secret" not in caught.value.told
    assert amazon.closed == 1
