"""Every property refuses what is not of its type, under its own path."""

from __future__ import annotations

import pytest

from tests.factories import (
    ONE,
    URL,
    VIRGINIA,
    faults_of,
    group,
    texts_of,
    with_url,
)

_WRONG_TYPES: dict[str, list[object]] = {
    "ServiceToken": [["x"], {"a": "b"}],
    "ServiceTimeout": ["soon", "0", "3601", ["1"], {"a": "b"}],
    "StackSetName": [["x"], {"a": "b"}, "a_b", "1a"],
    "StackSetDescription": [["x"], {"a": "b"}, "x" * 1025],
    "Description": [["x"], {"a": "b"}, "x" * 1025],
    "TemplateURL": [["x"], {"a": "b"}, "app.yaml", 5],
    "TemplateDigest": [["x"], {"a": "b"}, "A" * 64, "a" * 63, f"{'a' * 64}.", 5],
    "Parameters": ["x", 5, True, ["x"], [5], [["x"]], {"a": {"b": "c"}}],
    "Tags": ["x", 5, True, ["x"], [5], [["x"]], {"a": {"b": "c"}}, {"a": ""}],
    "Capabilities": ["CAPABILITY_IAM", 5, {"a": "b"}, ["CAPABILITY_X"], [5], [["x"]], [{}]],
    "AdministrationRoleARN": [["x"], {"a": "b"}, "Admin", 5],
    "ExecutionRoleName": [["x"], {"a": "b"}, "a/b", "arn:aws:iam::111111111111:role/x"],
    "PermissionModel": [["x"], {"a": "b"}, "BOTH", 5],
    "CallAs": [["x"], {"a": "b"}, "ADMIN", 5],
    "ManagedExecution": ["true", True, 5, [], {"Active": "yes"}, {"Active": 1}, {"Active": []}],
    "OperationPreferences": ["x", 5, True, [], ["x"]],
    "StackInstances": ["x", 5, True, {}, {"a": "b"}, [5], [["x"]], [{}]],
    "StackInstancesGroup": ["x", 5, True, {}, {"a": "b"}, [5], [["x"]], [{}]],
    "FailOnTolerated": [["x"], {"a": "b"}, "no", 0],
    "RetainStacks": [["x"], {"a": "b"}, "yes", 1],
    "RetainStacksOnRemoval": [["x"], {"a": "b"}, "yes", 1],
    "UnreachableAccounts": [["x"], {"a": "b"}, "FORGET", 5],
    "MaxDeletePercentage": [["x"], {"a": "b"}, "-1", "101", "10%", 1.5, True],
    "Revision": [["x"], {"a": "b"}],
    "DryRun": ["true", "false", True, 5, ["x"], {"a": "b"}],
    "loglevel": [["x"], {"a": "b"}, "loud", 5],
    "botolevel": [["x"], {"a": "b"}, "loud", 5],
}
_WRONG_PREFERENCES: dict[str, list[object]] = {
    "RegionConcurrencyType": [["x"], {"a": "b"}, "SERIAL", 5],
    "RegionOrder": [VIRGINIA, 5, {"a": "b"}, ["Tokyo"], [5], [[VIRGINIA]], [VIRGINIA, VIRGINIA]],
    "FailureToleranceCount": ["x", "-1", "1.5", ["1"], {"a": "b"}, True],
    "FailureTolerancePercentage": ["x", "-1", "101", ["1"], {"a": "b"}, True],
    "MaxConcurrentCount": ["x", "0", "1.5", ["1"], {"a": "b"}, True],
    "MaxConcurrentPercentage": ["x", "0", "101", ["1"], {"a": "b"}, True],
    "ConcurrencyMode": [["x"], {"a": "b"}, "SOFT", 5],
}
_WRONG_MEMBERS: dict[str, list[object]] = {
    "Accounts": [ONE, 5, {"a": "b"}, [], ["1"], [5], [[ONE]], [ONE, ONE]],
    "Regions": [VIRGINIA, 5, {"a": "b"}, [], ["Tokyo"], [5], [[VIRGINIA]], [VIRGINIA, VIRGINIA]],
    "ParameterOverrides": ["x", 5, True, ["x"], [5], [["x"]], {"a": {"b": "c"}}],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={str(value)[:30]}")
        for name, values in _WRONG_TYPES.items()
        for value in values
    ],
)
def test_wrong_type(name: str, value: object) -> None:
    """Each property refuses what is not its type, by one fault under its own path."""
    raw = {"TemplateURL": URL, name: value}

    assert faults_of(raw) != ()
    assert all(text.startswith(name) for text in texts_of(raw) if "not a property" not in text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={str(value)[:30]}")
        for name, values in _WRONG_PREFERENCES.items()
        for value in values
    ],
)
def test_wrong_preference(name: str, value: object) -> None:
    """Each operation preference refuses what is not its type."""
    (text,) = texts_of(with_url(OperationPreferences={name: value}))

    assert text.startswith(f"OperationPreferences.{name}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={str(value)[:30]}")
        for name, values in _WRONG_MEMBERS.items()
        for value in values
    ],
)
@pytest.mark.parametrize("native", [False, True], ids=["awslabs", "native"])
def test_wrong_member(*, name: str, value: object, native: bool) -> None:
    """Each member of a group refuses what is not its type, in both spellings."""
    path = f"StackInstances[0].{name}"
    members = group(**{name: value}) if name == "ParameterOverrides" else {**group(), name: value}
    if native:
        members["DeploymentTargets"] = {"Accounts": members.pop("Accounts")}
        path = path.replace("Accounts", "DeploymentTargets.Accounts")

    (text,) = texts_of(with_url(StackInstances=[members]))

    assert text.startswith(path)
