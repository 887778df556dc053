"""Read a CloudFormation template and say what its roles may do."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "111111111111",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "StackSetCustomResource",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING = object()


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt":
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict[str, Any]:
    """Read a template with every short form written out."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> dict[str, Any]:
    """Read a template's text with every short form written out.

    Raises:
        yaml.YAMLError: It is no YAML.
    """
    document: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506
    return document


def resources(
    template: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """What CloudFormation makes of each resource, by its logical id.

    Args:
        template: As `load` gives it.
        parameters: Values other than the defaults; lists as lists.
    """
    names = {name: name for name in template["Resources"]}
    values = {**names, **_values(template, parameters or {})}
    resolved: dict[str, dict[str, Any]] = _resolve(template["Resources"], template, values)
    return resolved


def policies(
    template: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """What each role of a template may do, resolved.

    Args:
        template: As `load` gives it.
        parameters: Values other than the defaults; lists as lists.

    Returns:
        The statements of every policy of each role, by the role's logical id. Names and ARNs of
        resources stand as `LogicalId` and `LogicalId.Attribute`.
    """
    values = _values(template, parameters or {})
    found: dict[str, list[dict[str, Any]]] = {}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            inline = _resolve(properties.get("Policies", []), template, values)
            statements = [one for each in inline for one in each["PolicyDocument"]["Statement"]]
            found.setdefault(name, []).extend(statements)
        elif resource["Type"] == "AWS::IAM::Policy":
            for role in _resolve(properties["Roles"], template, values):
                document = _resolve(properties["PolicyDocument"], template, values)
                found.setdefault(role, []).extend(document["Statement"])
    return found


def _values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = dict(PSEUDO_PARAMETERS)
    for name, declared in template.get("Parameters", {}).items():
        value = declared.get("Default", "")
        if declared["Type"] == "CommaDelimitedList":
            value = value.split(",")
        values[name] = value
    return {**values, **given}


def _resolve(value: Any, template: Mapping[str, Any], values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Replace the intrinsic functions that this project's templates use."""
    if isinstance(value, list):
        resolved = (_resolve(each, template, values) for each in value)
        return [each for each in resolved if each is not _NOTHING]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Fn::If":
            holds = _resolve(template["Conditions"][argument[0]], template, values)
            return _resolve(argument[1 if holds else 2], template, values)
        if function == "Ref" or function.startswith("Fn::"):
            return _call(function, _resolve(argument, template, values), values)
    resolved_map = {key: _resolve(each, template, values) for key, each in value.items()}
    return {key: each for key, each in resolved_map.items() if each is not _NOTHING}


def _call(function: str, argument: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if function not in _FUNCTIONS:
        msg = f"{function} is not a function that tools/template.py resolves: add it there."
        raise NotImplementedError(msg)
    return _FUNCTIONS[function](argument, values)


def _sub(argument: Any, values: Mapping[str, Any]) -> str:  # noqa: ANN401
    text, own = (argument, {}) if isinstance(argument, str) else argument
    known = {**values, **own}
    # An attribute of a resource stays as it is written, as with Fn::GetAtt.
    return _PLACEHOLDER.sub(lambda found: str(known.get(found[1], found[1])), text)


_FUNCTIONS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "Ref": lambda name, values: _NOTHING if name == "AWS::NoValue" else values.get(name, name),
    "Fn::Equals": lambda pair, _: pair[0] == pair[1],
    "Fn::GetAtt": lambda path, _: ".".join(path),
    "Fn::ImportValue": lambda name, _: f"import:{name}",
    "Fn::Join": lambda argument, _: argument[0].join(argument[1]),
    "Fn::Not": lambda argument, _: not argument[0],
    "Fn::Split": lambda argument, _: argument[1].split(argument[0]),
    "Fn::Sub": _sub,
}
