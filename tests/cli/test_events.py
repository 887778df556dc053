"""Why a member stack failed, by its own events, with as few calls as there can be."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from cli.events import MemberEvents

_OWN, _OTHER, _HOME = "111111111111", "222222222222", "eu-west-1"
_STACK = "arn:aws:cloudformation:eu-west-1:111111111111:stack/a/b"


def _event(name: str, status: str, reason: str, physical_id: str = "x") -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "ResourceType": "AWS::SNS::Topic",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "PhysicalResourceId": physical_id,
    }


class _World:
    """Two accounts with a failed stack each, and a count of what is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.endpoint = None

    def session(self) -> Any:
        return self

    def client(self, name: str, **_: Any) -> Any:
        self.asked[name] += 1
        return self

    def get_caller_identity(self) -> dict[str, str]:
        self.asked["identity"] += 1
        return {"Account": _OWN, "Arn": f"arn:aws:iam::{_OWN}:user/me"}

    def summaries(self, _: str) -> list[dict[str, str]]:
        self.asked["list"] += 1
        members = (_OWN, _OTHER)
        return [{"Account": each, "Region": _HOME, "StackId": _STACK} for each in members]

    def get_paginator(self, _: str) -> Any:
        older = [_event("Old", "CREATE_FAILED", "of the deployment before")]
        events = [
            _event("Stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed", _STACK),
            _event("Second", "CREATE_FAILED", "Resource creation cancelled"),
            _event("First", "CREATE_FAILED", "Topic exists"),
            _event("Stack", "CREATE_IN_PROGRESS", "User Initiated", _STACK),
            *older,
        ]
        return SimpleNamespace(paginate=lambda **_: [{"StackEvents": events}])


@pytest.fixture
def world() -> _World:
    """Returns the world."""
    return _World()


def _reader(world: _World) -> MemberEvents:
    service: Any = world
    return MemberEvents(service, service, "guard:1", None)


def test_the_first_failure_of_the_last_deployment(world: _World) -> None:
    """Neither what failed because of it, nor what failed in the deployment before."""
    reader = _reader(world)
    for _ in range(3):
        assert reader.first_failure(_OWN, _HOME) == "First (AWS::SNS::Topic): Topic exists"
    assert (world.asked["identity"], world.asked["list"]) == (1, 1)


def test_who_may_not_be_asked(world: _World) -> None:
    """It is told once; an instance without a stack has nothing to tell."""
    reader = _reader(world)
    assert reader.first_failure("333333333333", _HOME) == ""
    assert reader.first_failure(_OTHER, _HOME) == reader.first_failure(_OTHER, _HOME) == ""
    assert [*reader.notes] == ["Stacks of other accounts are read with --role NAME."]


def test_nothing_is_asked_before_a_stack_is_asked_for(world: _World) -> None:
    """Where no operation has failed, the instances need not be listed again."""
    _reader(world)
    assert not world.asked
