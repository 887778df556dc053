"""The documentation's examples are templates that work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from handler.properties.model import StackSetProperties
from handler.properties.reading import parse_properties
from handler.properties.waiting import WaitProperties, read_wait
from tools.template import load

ROOT = Path(__file__).parents[1]
PAGES = [
    page for page in ROOT.rglob("*.md") if ".venv" not in page.parts and ".tools" not in page.parts
]
EXAMPLES = [
    pytest.param(example, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL))
]
_CODE = re.DOTALL | re.MULTILINE
_WAITED_FOR = {"StackSetId": "Set:1f2e3d4c", "DeploymentId": "6a8f3c2b-0123456789abcdef-9"}
INTRINSICS = {"Ref", "Fn::ImportValue", "Fn::Sub", "Fn::GetAtt"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_a_template(example: str) -> None:
    """Every YAML example passes cfn-lint as it stands."""
    assert [str(match) for match in lint(example, regions=["us-east-1"])] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_has_valid_properties(example: str, tmp_path: Path) -> None:
    """Every Custom::StackSet in an example is one that the function takes."""
    path = tmp_path / "template.yaml"
    path.write_text(example)
    resources = load(path)["Resources"].values()
    stack_sets = [each for each in resources if each["Type"] == "Custom::StackSet"]

    assert stack_sets
    for each in stack_sets:
        parse_properties(_resolved(each["Properties"]))


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in sorted(ROOT.glob("examples/*.yaml"))]
)
def test_file_of_examples(path: Path) -> None:
    """Every template in examples/ passes cfn-lint, and has properties that the function knows."""
    assert [str(match) for match in lint(path.read_text(), regions=["us-east-1"])] == []
    for each in load(path)["Resources"].values():
        if each["Type"] == "Custom::StackSet":
            assert set(each["Properties"]) <= set(StackSetProperties.model_fields)
        if each["Type"] == "Custom::StackSetWait":
            read_wait({**_resolved(each["Properties"]), **_WAITED_FOR})


def test_every_property_of_a_wait_is_in_the_readme() -> None:
    """The README names what a wait has, with a value or without."""
    readme = (ROOT / "README.md").read_text()

    assert [name for name in WaitProperties.model_fields if f"`{name}" not in readme] == []


def test_every_property_is_in_the_readme() -> None:
    """The README's table has every property that the function knows."""
    readme = (ROOT / "README.md").read_text()

    assert [name for name in StackSetProperties.model_fields if f"`{name}`" not in readme] == []


@pytest.mark.parametrize(
    "name",
    [
        "StackSetId",
        "StackSetName",
        "StackSetArn",
        "OperationId",
        "DeploymentId",
        "InstanceCount",
        "FailedInstanceCount",
        "Status",
        "Warnings",
        "DriftStatus",
        "DriftedInstanceCount",
        "Accounts",
        "Regions",
        "StackIds",
        "StackIdsUrl",
        "Outputs.ACCOUNT.REGION.KEY",
        "OutputsUrl",
    ],
)
def test_every_attribute_is_in_the_readme(name: str) -> None:
    """The README names what GetAtt gives."""
    assert f"`{name}`" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_translation_has_the_same_code(page: str) -> None:
    """What a reader types or pastes is the same in both languages, and each links the other."""
    original = ROOT / page
    translation = original.with_suffix(".ja.md")
    texts = [path.read_text() for path in (original, translation)]
    blocks = [re.findall(r"^```\w+\n.*?^```$|^    .*?$", text, _CODE) for text in texts]

    assert blocks[0] == blocks[1]
    assert f"]({translation.name})" in texts[0]
    assert f"]({original.name})" in texts[1]


@pytest.mark.parametrize("page", ["README.md", "docs/guide.md"])
def test_translation_has_the_same_sections(page: str) -> None:
    """No section and no property is missing in the translation."""
    original = ROOT / page
    texts = [path.read_text() for path in (original, original.with_suffix(".ja.md"))]
    levels = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in texts]
    names = [
        re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", text.replace("`、`", "`, `"), re.MULTILINE)
        for text in texts
    ]

    assert levels[0] == levels[1]
    assert names[0] == names[1]


def _resolved(value: Any) -> Any:
    """Properties with a text in the place of each intrinsic function."""
    if isinstance(value, dict):
        if INTRINSICS & set(value):
            return "https://example.com/resolved"
        return {key: _resolved(each) for key, each in value.items()}
    return [_resolved(each) for each in value] if isinstance(value, list) else value


def test_features_are_proven() -> None:
    """Each feature that is told of names a test that there is."""
    rows = (ROOT / "docs/features.md").read_text().split("| --- |", 1)[1].splitlines()[1:]
    assert rows
    for row in rows:
        path, name = row.split("|")[2].strip(" `").split("::")
        assert f"def {name}(" in (ROOT / path).read_text(), row
