"""What a template needs: asked, waited for a little, and not insisted on."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from handler.gateway.regions import unknown_regions
from handler.gateway.summaries import TemplateSummaries, Unreadable
from handler.values.spec import StackSetSpec
from handler.values.summary import Declaration, TemplateSummary

_URL = "https://b.s3.amazonaws.com/k"


class Rig:
    """CloudFormation's client with answers prepared, what was warned of, and how often it slept."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.client = boto3.client(
            "cloudformation",
            region_name=region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        self.answers = Stubber(self.client)
        self.answers.activate()
        self.warnings: list[dict[str, Any]] = []
        self.sleeps: list[float] = []
        self.summaries = TemplateSummaries(self.client, self._warn, self.sleeps.append)

    def _warn(self, _text: str, **details: Any) -> None:
        self.warnings.append(details)

    def refuse(self, code: str, message: str, status: int = 400) -> None:
        """Let the next call fail."""
        self.answers.add_client_error(
            "get_template_summary", code, message, http_status_code=status
        )


@pytest.fixture
def rig() -> Rig:
    """A client without answers."""
    return Rig()


def test_read(rig: Rig) -> None:
    """All that is of use is read, by address or by text."""
    answer: dict[str, Any] = {
        "Parameters": [
            {"ParameterKey": "A", "ParameterType": "Number", "DefaultValue": ""},
            {
                "ParameterKey": "B",
                "ParameterType": "String",
                "ParameterConstraints": {"AllowedValues": ["x"]},
            },
        ],
        "Capabilities": ["CAPABILITY_IAM"],
        "CapabilitiesReason": "Roles",
        "DeclaredTransforms": ["AWS::Include"],
        "ResourceTypes": ["AWS::CloudFormation::Stack"],
    }
    rig.answers.add_response("get_template_summary", answer, {"TemplateURL": _URL})
    rig.answers.add_response("get_template_summary", {}, {"TemplateBody": "{}"})

    assert rig.summaries.read(StackSetSpec(template_url=_URL)) == TemplateSummary(
        parameters={"A": Declaration("Number", has_default=True), "B": Declaration(allowed=("x",))},
        capabilities=("CAPABILITY_IAM",),
        reason="Roles",
        transforms=("AWS::Include",),
        resource_types=("AWS::CloudFormation::Stack",),
    )
    assert rig.summaries.read(StackSetSpec(template_body="{}")) == TemplateSummary()


def test_unreadable(rig: Rig) -> None:
    """What CloudFormation says of the template is told, without the query of an address."""
    rig.refuse("ValidationError", f"S3 error: no {_URL}?X-Amz-Signature=secret")

    with pytest.raises(Unreadable) as caught:
        rig.summaries.read(StackSetSpec(template_url=_URL))

    assert str(caught.value) == f"S3 error: no {_URL}"


@pytest.mark.parametrize("code", ["AccessDenied", "InternalFailure"])
def test_nobody_tells(rig: Rig, code: str) -> None:
    """Without a right, or an answer after four tries, nothing is known, and the log says why."""
    status = 403 if code == "AccessDenied" else 500
    for _ in range(4):
        rig.refuse(code, "no", status)

    assert rig.summaries.read(StackSetSpec(template_body="{}")) is None
    assert code in rig.warnings[0]["cause"]
    assert len(rig.sleeps) == (0 if code == "AccessDenied" else 3)


def test_a_second_try(rig: Rig) -> None:
    """Throttling passes."""
    rig.refuse("Throttling", "Rate exceeded")
    rig.answers.add_response("get_template_summary", {})

    assert rig.summaries.read(StackSetSpec(template_body="{}")) == TemplateSummary()
    assert rig.warnings == []


@pytest.mark.parametrize(
    ("home", "names", "unknown"),
    [
        ("us-east-1", {"us-east-1", "ap-northeast-1"}, []),
        ("us-east-1", {"us-east-1", "us-moon-1", "cn-north-1"}, ["cn-north-1", "us-moon-1"]),
        ("cn-north-1", {"cn-northwest-1", "us-east-1"}, ["us-east-1"]),
    ],
)
def test_unknown_regions(home: str, names: set[str], unknown: list[str]) -> None:
    """A Region of another partition does not exist either."""
    assert unknown_regions(Rig(home).client, names) == unknown
