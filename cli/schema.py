"""JSON Schemas of Custom::StackSet for editors, made from the model that the function reads with.

They know each value by itself, not what values have to do with each other: `validate` does.
https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from typing import Any

from handler.properties.model import StackSetProperties
from handler.properties.waiting import WAIT_TYPE, WaitProperties

_TYPE = "Custom::StackSet"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FUNCTIONS = "^(Ref|Condition|Fn::.+)$"
# What only the deployment tells may stand in every place.
_LATER = {
    "anyOf": [
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "patternProperties": {_FUNCTIONS: True},
            "additionalProperties": False,
        },
        {"type": "string", "pattern": r"\{\{resolve:"},
        {"type": "null"},
    ]
}
_LISTS = {"Accounts", "Regions", "OrganizationalUnitIds", "RegionOrder"}
_NEEDED = ["ServiceToken"]


def resource_schema() -> dict[str, Any]:
    """Returns the schema of the properties of Custom::StackSet."""
    return {"$schema": _DIALECT, "title": _TYPE, **_properties(StackSetProperties)}


def template_schema() -> dict[str, Any]:
    """Returns the schema of templates that may have resources of both types."""
    return {
        "$schema": _DIALECT,
        "title": f"CloudFormation template with {_TYPE}",
        "type": "object",
        "properties": {
            "Resources": {
                "type": "object",
                "additionalProperties": {
                    "allOf": [_if_of(_TYPE, "StackSet"), _if_of(WAIT_TYPE, "StackSetWait")]
                },
            }
        },
        "$defs": {
            "StackSet": _properties(StackSetProperties),
            "StackSetWait": _properties(WaitProperties),
        },
    }


def _if_of(name: str, definition: str) -> dict[str, Any]:
    properties = {"Properties": {"$ref": f"#/$defs/{definition}"}}
    return {
        "if": {"type": "object", "properties": {"Type": {"const": name}}, "required": ["Type"]},
        "then": {"properties": properties, "required": ["Properties"]},
    }


def _properties(model: type[StackSetProperties | WaitProperties]) -> dict[str, Any]:
    """Returns the schema of a model's properties, its definitions written into their places."""
    made = model.model_json_schema(mode="validation")
    written: dict[str, Any] = _open(made, made.get("$defs", {}))
    known = written.get("required", [])
    return {**written, "required": sorted({*known, *_NEEDED})}


def _open(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - a schema is any JSON
    if isinstance(schema, list):
        return [_open(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _open(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    opened = {
        key: _open(each, definitions)
        for key, each in schema.items()
        if key not in {"default", "title", "$defs", "properties", "items"}
    }
    if "properties" in schema:
        members = schema["properties"].items()
        opened["properties"] = {
            name: _or_later(_once(name, _open(each, definitions))) for name, each in members
        }
        # Fn::If, Fn::Transform and Fn::ForEach may stand among members.
        opened["patternProperties"] = {"^Fn::": True}
    if "items" in schema:
        opened["items"] = _or_later(_open(schema["items"], definitions))
    return opened


def _once(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a member whose entries may not be repeated, or any other as it is."""
    return {"allOf": [schema], "uniqueItems": True} if name in _LISTS else schema


def _or_later(schema: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"anyOf": [schema, _LATER]}
