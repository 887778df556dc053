"""The sample events work as their README says."""

from __future__ import annotations

import json
from pathlib import Path

from emulator.demo.event import put_application, serve
from emulator.local.aws import LocalAWS

_ROOT = Path(__file__).resolve().parent.parent.parent
_EVENTS = _ROOT / "events"


def test_sample_events(provider: LocalAWS) -> None:
    """Create, Update and Delete are served one after another, each with success."""
    events = {
        name: json.loads((_EVENTS / f"{name}.json").read_text("utf-8"))
        for name in ("create", "update", "delete")
    }
    put_application(provider, events["create"])
    created = serve(provider, events["create"])
    assert (created["Status"], created["Data"]["InstanceCount"]) == ("SUCCESS", "3")

    stack_set_id = {"PhysicalResourceId": created["PhysicalResourceId"]}
    updated = serve(provider, events["update"] | stack_set_id)
    assert (updated["Status"], updated["Data"]["InstanceCount"]) == ("SUCCESS", "4")
    assert serve(provider, events["delete"] | stack_set_id)["Status"] == "SUCCESS"
