"""Outputs in an answer: all of them, or as many as fit and where the rest is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping

import pytest

from handler.custom_resource.answer import Answer, attributes
from handler.custom_resource.inventory import Inventory
from handler.custom_resource.output_attributes import OutputAttributes
from handler.errors import StackSetResourceError
from handler.values.observation import InstanceState, Observation
from handler.values.targets import Target
from tests.factories import stack_set

ONE, TWO = Target("111111111111", "us-east-1"), Target("222222222222", "eu-west-1")
_ID = "s" * 128 + ":51af3dc0-da77-11e4-872e-1234567db123"
_EVENT = {
    "StackId": f"arn:aws:cloudformation:ap-southeast-1:999999999999:stack/{_ID.replace(':', '/')}",
    "RequestId": _ID[129:],
    "LogicalResourceId": "L" * 255,
}


def _refuse(_told: object) -> str:
    message = "s3://b/k could not be written: no"
    raise StackSetResourceError(message)


def test_all_fit() -> None:
    """Each has a name of its own, and nothing is written to S3."""
    values = {(TWO, "VpcId"): "vpc-2", (ONE, "VpcId"): "vpc-1"}

    assert OutputAttributes(values, _refuse).add_to({"Warnings": "A."}) == {
        "Warnings": "A.",
        "Outputs.111111111111.us-east-1.VpcId": "vpc-1",
        "Outputs.222222222222.eu-west-1.VpcId": "vpc-2",
        "OutputsUrl": "",
    }


def test_one_is_too_long() -> None:
    """The others are there, and the object has all."""
    written: dict[Target, Mapping[str, str]] = {}

    def write(told: Iterable[tuple[Target, Mapping[str, str]]]) -> str:
        written.update(told)
        return "s3://b/k"

    values = {(ONE, "Long"): "x" * 4000, (ONE, "VpcId"): "vpc-1"}
    told = OutputAttributes(values, write).add_to({"Warnings": "A."})

    assert written == {ONE: {"Long": "x" * 4000, "VpcId": "vpc-1"}}
    assert told == {
        "Warnings": (
            "OutputKeys: 1 of 2 outputs are more than the answer can carry,"
            " Outputs.111111111111.us-east-1.Long first: OutputsUrl has all of them. A."
        ),
        "Outputs.111111111111.us-east-1.VpcId": "vpc-1",
        "OutputsUrl": "s3://b/k",
    }


def test_s3_refuses(logged: list[logging.LogRecord]) -> None:
    """The answer goes all the same, and tells that they are nowhere; no value is logged."""
    told = OutputAttributes({(ONE, "Long"): "x" * 4000}, _refuse).add_to({"Warnings": ""})

    assert "could not be written to S3 either" in told["Warnings"]
    assert told["OutputsUrl"] == ""
    assert "report not written" in [each.getMessage() for each in logged]
    assert "xxx" not in "".join(str(vars(each)) for each in logged)


def test_values_are_not_shown() -> None:
    """Whoever prints them prints no secret."""
    assert "secret" not in repr(OutputAttributes({(ONE, "VpcId"): "secret"}, None))


@pytest.mark.parametrize("bucket", [True, False])
@pytest.mark.parametrize("value", ["v", "🚀" * 30, "x" * 300])
@pytest.mark.parametrize("count", range(1, 60, 3))
def test_an_answer_carries_it(count: int, value: str, *, bucket: bool) -> None:
    """With names as long as there are, and warnings, the answer has at most 4,096 bytes."""
    targets = [Target(f"{number:012}", "ap-southeast-1") for number in range(count)]
    url = f"s3://{'b' * 63}/stackset-resource/{_ID}/{_ID[129:]}-outputs.json"
    write = (lambda _: url) if bucket else None
    seen = Observation(
        stack_set(stack_set_id=_ID, name="s" * 128, arn="a" * 250),
        dict.fromkeys(targets, InstanceState("CURRENT", has_stack=True)),
    )
    stacks = {each: f"arn:{each}:{'s' * 180}" for each in targets}
    for warnings in ([], ["Something is passed over, since it is long." * 20] * 9):
        data = attributes(seen, warnings, "6a8f3c2b-0123456789abcdef-3")
        data = OutputAttributes({(each, "VpcId"): value for each in targets}, write).add_to(data)
        data = Inventory(seen.instances, stacks, lambda: iter(stacks.items()), write).add_to(data)
        body = Answer("SUCCESS", _ID, data=data, no_echo=True).encode(_EVENT)

        assert len(body) <= 4096
        assert json.loads(body)["NoEcho"] is True
