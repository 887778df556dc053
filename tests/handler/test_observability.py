"""Each request is logged at the levels that it asks for, and under its own ids alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from handler.observability import logger, observe
from tests.factories import STACK_ID

_SDK = ["boto3", "botocore", "urllib3", "s3transfer"]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the levels and keys of the one logger as they were."""
    own_level, sdk_levels = logger.log_level, [logging.getLogger(each).level for each in _SDK]
    yield
    logger.setLevel(own_level)
    for name, level in zip(_SDK, sdk_levels, strict=True):
        logging.getLogger(name).setLevel(level)
    logger.remove_keys(["request_type", "request_id", "stack_id", "logical_id"])


def _event(**properties: object) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "RequestId": "request-1",
        "StackId": STACK_ID,
        "LogicalResourceId": "StackSet",
        "ResponseURL": "https://example.com/?Signature=secret",
        "ResourceProperties": {"Parameters": {"Password": "hunter2"}, **properties},
    }


def _sdk_levels() -> set[str]:
    return {logging.getLevelName(logging.getLogger(name).level) for name in _SDK}


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("DEBUG", logging.DEBUG),
        ("debug", logging.DEBUG),
        (" Warning ", logging.WARNING),
        ("critical", logging.CRITICAL),
        ("loud", logging.INFO),
        ("", logging.INFO),
        (None, logging.INFO),
        (["DEBUG"], logging.INFO),
    ],
    ids=repr,
)
def test_loglevel(given: object, level: int) -> None:
    """The level that the property asks for, or INFO where it asks for none that there is."""
    observe(_event(loglevel=given))

    assert logger.log_level == level


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("DEBUG", "INFO"),
        ("info", "INFO"),
        ("error", "ERROR"),
        ("loud", "WARNING"),
        ("", "WARNING"),
        (None, "WARNING"),
        ({"Fn": "x"}, "WARNING"),
    ],
    ids=repr,
)
def test_botolevel(given: object, level: str) -> None:
    """The SDK's level likewise, but never DEBUG: the SDK would show parameter values."""
    observe(_event(botolevel=given))

    assert _sdk_levels() == {level}


def test_levels_hold_for_one_request() -> None:
    """What one request asks for is nothing to the next in the same sandbox."""
    observe(_event(loglevel="DEBUG", botolevel="ERROR"))
    observe(_event())

    assert logger.log_level == logging.INFO
    assert _sdk_levels() == {"WARNING"}


def test_levels_are_apart() -> None:
    """Either level leaves the other alone."""
    observe(_event(loglevel="ERROR"))

    assert (logger.log_level, _sdk_levels()) == (logging.ERROR, {"WARNING"})


@pytest.mark.parametrize("event", [{}, {"ResourceProperties": None}], ids=["none", "null"])
def test_event_without_properties(event: dict[str, Any]) -> None:
    """An event that has nothing at all is observed all the same."""
    observe(event)

    assert (logger.log_level, _sdk_levels()) == (logging.INFO, {"WARNING"})


def test_lines_tell_the_request_and_no_more(logged: list[logging.LogRecord]) -> None:
    """Every line has the ids of its request, and neither address nor parameter values."""
    observe(_event())
    logger.info("operation started")

    (text,) = [logger.registered_formatter.format(each) for each in logged]
    line = json.loads(text)
    assert line["message"] == "operation started"
    assert [line[key] for key in ("request_type", "request_id", "stack_id", "logical_id")] == [
        *("Create", "request-1", STACK_ID, "StackSet")
    ]
    assert "secret" not in text
    assert "hunter2" not in text
