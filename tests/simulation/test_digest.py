"""A template that changes under the same address: what TemplateDigest saves from it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import operations, properties, stacks_of, template

BUCKET, KEY = "artifacts", "app.json"
URL = f"https://{BUCKET}.s3.us-east-1.amazonaws.com/{KEY}"
OLD, NEW, LATER = (template(version) for version in ("1", "2", "3"))


def digest(text: str, nested: str = "") -> str:
    """What the macro writes for a template."""
    own = hashlib.sha256(text.encode()).hexdigest()
    return f"{own}.{hashlib.sha256(nested.encode()).hexdigest()}" if nested else own


def wanted(text: str, *, url: str = URL, nested: str = "", **others: Any) -> dict[str, Any]:
    """Properties as the macro leaves them."""
    named = {"TemplateURL": url, "TemplateDigest": digest(text, nested)}
    return {key: value for key, value in properties(**named, **others).items()
            if key != "TemplateBody"}  # fmt: skip


def deployed(aws: VirtualAWS, stack: Stack) -> set[str]:
    """The templates that the member accounts have."""
    return {each.template_body for each in stacks_of(aws, stack.physical_id).values()}


def put(aws: VirtualAWS, *texts: str) -> None:
    """Put a template there; several are versions of it, the newest last."""
    bodies = [text.encode() for text in texts]
    aws.objects[BUCKET, KEY] = bodies if len(bodies) > 1 else bodies[0]


def test_changed_content(aws: VirtualAWS, stack: Stack) -> None:
    """A new content under the same address is one operation; the same again is none."""
    put(aws, OLD)
    stack.deploy(wanted(OLD))
    put(aws, NEW)
    before = len(operations(aws))

    assert stack.deploy(wanted(NEW)) == "UPDATE_COMPLETE"
    assert deployed(aws, stack) == {NEW}
    assert operations(aws)[before:] == ["UpdateStackSet"]
    assert stack.deploy(wanted(NEW, url=f"{URL}?versionId=1")) == "UPDATE_COMPLETE"
    assert operations(aws)[before:] == ["UpdateStackSet"]


def test_digest_alone(aws: VirtualAWS, stack: Stack) -> None:
    """Where the stack set has the content already, a digest that comes starts no operation."""
    put(aws, OLD)
    stack.deploy({**wanted(OLD), "TemplateDigest": ""})
    before = len(operations(aws))

    assert stack.deploy(wanted(OLD)) == "UPDATE_COMPLETE"
    assert stack.deploy(wanted(OLD, nested="now readable")) == "UPDATE_COMPLETE"
    assert operations(aws)[before:] == []


def test_changed_nested_template(aws: VirtualAWS, stack: Stack) -> None:
    """Another nested template is one operation, though the template itself is the same."""
    put(aws, OLD)
    stack.deploy(wanted(OLD, nested="one"))
    before = len(operations(aws))

    assert stack.deploy(wanted(OLD, nested="two")) == "UPDATE_COMPLETE"
    assert operations(aws)[before:] == ["UpdateStackSet"]


def test_race_before_the_create(aws: VirtualAWS, stack: Stack) -> None:
    """A content that nobody meant is not deployed: the create fails before the first write."""
    put(aws, NEW)

    assert stack.deploy(wanted(OLD)) == "ROLLBACK_COMPLETE"
    assert "versioning" in stack.reason
    assert operations(aws) == []


def test_race_within_the_create(aws: VirtualAWS, stack: Stack) -> None:
    """What CloudFormation reads a moment after the check is checked, too."""
    put(aws, OLD)

    def overwrite(_service: str, action: str, _number: int) -> None:
        if action == "CreateStackSet":
            put(aws, NEW)

    aws.before_call = overwrite

    assert stack.deploy(wanted(OLD)) == "ROLLBACK_COMPLETE"
    assert "TemplateDigest" in stack.reason
    assert "CreateStackInstances" not in operations(aws)


def test_race_before_the_update(aws: VirtualAWS, stack: Stack) -> None:
    """The update fails before the first write, and the rollback needs none: all is as it was."""
    put(aws, OLD)
    stack.deploy(wanted(OLD))
    put(aws, LATER)
    before = len(operations(aws))

    assert stack.deploy(wanted(NEW)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "TemplateDigest" in stack.reason
    assert operations(aws)[before:] == []
    assert deployed(aws, stack) == {OLD}


def test_race_within_the_update(aws: VirtualAWS, stack: Stack) -> None:
    """What CloudFormation reads a moment after the check is mended from the right version."""
    put(aws, OLD)
    stack.deploy(wanted(OLD))
    put(aws, OLD, NEW)
    before = len(operations(aws))

    def overwrite(_service: str, action: str, _number: int) -> None:
        if action == "UpdateStackSet":
            put(aws, OLD, NEW, LATER)

    aws.before_call = overwrite

    assert stack.deploy(wanted(NEW)) == "UPDATE_COMPLETE"
    assert deployed(aws, stack) == {NEW}
    assert operations(aws)[before:] == ["UpdateStackSet", "UpdateStackSet"]


def break_template(aws: VirtualAWS) -> None:
    """Make the new template fail in one account."""
    aws.engine.faults.deployments.append(
        DeploymentFault(reason="broken", account="333333333333", marker="version 2")
    )


def test_rollback_on_a_versioned_bucket(aws: VirtualAWS, stack: Stack) -> None:
    """A template that cannot be deployed is rolled back to the version before it."""
    put(aws, OLD)
    stack.deploy(wanted(OLD))
    put(aws, OLD, NEW)
    break_template(aws)

    assert stack.deploy(wanted(NEW)) == "UPDATE_ROLLBACK_COMPLETE"
    assert deployed(aws, stack) == {OLD}


def test_macro_and_broken_content_at_once(aws: VirtualAWS, stack: Stack) -> None:
    """Where the macro comes with a broken content, the rollback fails and says what to do."""
    put(aws, OLD)
    stack.deploy({**wanted(OLD), "TemplateDigest": ""})
    put(aws, OLD, NEW)
    break_template(aws)

    assert stack.deploy(wanted(NEW, url=f"{URL}?versionId=2")) == "UPDATE_ROLLBACK_FAILED"
    assert "Back before the macro" in stack.reason
    assert "continue the rollback" in stack.reason


def test_rollback_to_a_pinned_version(aws: VirtualAWS, stack: Stack) -> None:
    """With the version in the address, as the macro writes it, nothing has to be looked for."""
    put(aws, OLD)
    stack.deploy(wanted(OLD, url=f"{URL}?versionId=1"))
    put(aws, OLD, NEW)
    break_template(aws)

    assert stack.deploy(wanted(NEW, url=f"{URL}?versionId=2")) == "UPDATE_ROLLBACK_COMPLETE"
    assert deployed(aws, stack) == {OLD}
    assert "ListObjectVersions" not in {action for _, _, action in aws.calls}


def test_rollback_on_an_unversioned_bucket(aws: VirtualAWS, stack: Stack) -> None:
    """Without versions the rollback fails and says why, rather than deploy the broken template."""
    put(aws, OLD)
    stack.deploy(wanted(OLD))
    put(aws, NEW)
    break_template(aws)

    assert stack.deploy(wanted(NEW)) == "UPDATE_ROLLBACK_FAILED"
    assert "versioning" in stack.reason
    put(aws, OLD)
    assert stack.continue_rollback() == "UPDATE_ROLLBACK_COMPLETE"
    assert deployed(aws, stack) == {OLD}


@pytest.mark.parametrize("change", [{"Tags": [{"Team": "blue"}]}, {"StackSetDescription": "Other"}])
def test_other_change_after_the_content_is_gone(
    aws: VirtualAWS, stack: Stack, change: dict[str, Any]
) -> None:
    """A change of something else keeps the template that is there, whatever the address holds."""
    put(aws, OLD)
    stack.deploy(wanted(OLD))
    put(aws, NEW)

    assert stack.deploy(wanted(OLD, **change)) == "UPDATE_COMPLETE"
    assert deployed(aws, stack) == {OLD}
    assert operations(aws)[-1] == "UpdateStackSet"
