"""Lambda's architectures: what a runtime does not have is refused, at each call."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.local.aws import ADMINISTRATOR, LocalAWS

_REFUSAL = "Runtime provided does not support the following architectures [arm64]."
_ROLE = f"arn:aws:iam::{ADMINISTRATOR}:role/any"
_OLD = ("python3.6", "x86_64")


def _template(runtime: str, architecture: str) -> str:
    properties = {
        "FunctionName": "aged",
        "Runtime": runtime,
        "Architectures": [architecture],
        "Handler": "index.handler",
        "Role": _ROLE,
        "Code": {"ZipFile": "def handler(event, context): return 1"},
    }
    function = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"Resources": {"Function": function}})


def _code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as pack:
        pack.writestr("index.py", "def handler(event, context):\n    return 1\n")
    return archive.getvalue()


@pytest.fixture
def aged(aws: LocalAWS) -> Iterator[LocalAWS]:
    """A local AWS with a function of an old runtime in a stack."""
    aws.deploy("aged", _template(*_OLD)).require()
    yield aws
    aws.delete("aged").require()


def _configuration(aws: LocalAWS) -> tuple[str, list[str]]:
    found = aws.client("lambda").get_function_configuration(FunctionName="aged")
    return found["Runtime"], found["Architectures"]


def test_runtime_and_architecture_in_one_update_fail(aged: LocalAWS) -> None:
    """The code goes first with its architecture, and meets the old runtime."""
    outcome = aged.deploy("aged", _template("python3.13", "arm64"))

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert _REFUSAL in outcome.reasons[0]
    assert _configuration(aged) == ("python3.6", ["x86_64"])


def test_runtime_first_and_then_the_architecture(aged: LocalAWS) -> None:
    """In two updates it works."""
    aged.deploy("aged", _template("python3.13", "x86_64")).require()
    aged.deploy("aged", _template("python3.13", "arm64")).require()

    assert _configuration(aged) == ("python3.13", ["arm64"])


def test_new_function_is_refused(aws: LocalAWS) -> None:
    """A stack does not create such a function."""
    outcome = aws.deploy("aged-new", _template("python3.7", "arm64"))

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert _REFUSAL in outcome.reasons[0]


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("update_function_code", {"Architectures": ["arm64"], "ZipFile": _code()}),
        (
            "create_function",
            {
                "FunctionName": "refused",
                "Runtime": "python3.6",
                "Architectures": ["arm64"],
                "Role": _ROLE,
                "Handler": "index.handler",
                "Code": {"ZipFile": _code()},
            },
        ),
    ],
)
def test_lambda_refuses(aged: LocalAWS, action: str, request_: dict[str, Any]) -> None:
    """Lambda's own API says InvalidParameterValueException."""
    call = getattr(aged.client("lambda"), action)
    with pytest.raises(ClientError) as refused:
        call(**{"FunctionName": "aged", **request_})

    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert _REFUSAL in refused.value.response["Error"]["Message"]


def test_runtime_is_refused_on_an_architecture(aged: LocalAWS) -> None:
    """UpdateFunctionConfiguration does not go back to a runtime without the architecture."""
    functions = aged.client("lambda")
    aged.deploy("aged", _template("python3.13", "x86_64")).require()
    aged.deploy("aged", _template("python3.13", "arm64")).require()

    with pytest.raises(ClientError, match="does not support the following architectures"):
        functions.update_function_configuration(FunctionName="aged", Runtime="python3.6")
