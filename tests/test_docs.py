"""The documentation's examples are templates that work."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from handler.custom_resource.answer import attributes
from handler.properties.model import StackSetProperties
from handler.properties.reading import parse_properties
from handler.properties.waiting import WaitProperties, read_wait
from handler.values.addresses import locate
from handler.values.observation import Observation
from tests.factories import stack_set
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
TEMPLATES = [pytest.param(path, id=path.name) for path in sorted(ROOT.glob("examples/*.yaml"))]
ORIGINALS = ["README.md", "docs/guide.md"]
TRANSLATIONS = ["README.ja.md", "docs/guide.ja.md"]
TEMPLATE = load(ROOT / "template.yaml")
BUCKETS = TEMPLATE["Parameters"]["TemplateBuckets"]["Default"].split(",")
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


@pytest.mark.parametrize("path", TEMPLATES)
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


ATTRIBUTES = [
    *attributes(Observation(stack_set(), {})),
    *("Accounts", "Regions", "StackIds", "StackIdsUrl"),
    *("Outputs.ACCOUNT.REGION.KEY", "OutputsUrl"),
]


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_every_attribute_is_in_the_readme(page: str) -> None:
    """The README's table has what GetAtt gives, and nothing else."""
    rows = re.findall(
        r"^\| `([\w.]+)` \|(?:[^|\n]*\|){4}$", (ROOT / page).read_text(), re.MULTILINE
    )

    assert sorted(set(rows) & {*ATTRIBUTES}) == sorted(ATTRIBUTES)


def test_every_parameter_is_in_the_table() -> None:
    """The table of docs/operations.md has the parameters of template.yaml with their defaults."""
    table = (ROOT / "docs/operations.md").read_text().partition("\n## Parameters\n")[2]
    rows = re.findall(
        r"^\| `(\w+)` \| (?:empty|`(.*?)`) \|", table.partition("\n## ")[0], re.MULTILINE
    )
    declared = TEMPLATE["Parameters"].items()

    assert dict(rows) == {name: str(each["Default"]) for name, each in declared}


@pytest.mark.parametrize("page", [*ORIGINALS, *TRANSLATIONS])
def test_templates_are_where_the_function_may_read(page: str) -> None:
    """Each address in an example is in a bucket that the default of TemplateBuckets grants."""
    text = (ROOT / page).read_text()
    for url in re.findall(r"(?:TemplateURL|AccountsUrl): (https?://\S+|s3://\S+)", text):
        found = locate(url)
        assert found is not None
        assert any(fnmatch(found["Bucket"], pattern) for pattern in BUCKETS), url


@pytest.mark.parametrize("path", TEMPLATES)
def test_templates_of_examples_say_where_they_may_be(path: Path) -> None:
    """An address that is a parameter says which parameter its bucket takes."""
    loaded = load(path)
    for each in loaded["Resources"].values():
        if each["Type"] == "Custom::StackSet":
            asked = loaded["Parameters"][each["Properties"]["TemplateURL"]["Ref"]]
            assert "stackset-resource-" in asked["Description"]
            assert "TemplateBuckets" in asked["Description"]


@pytest.mark.parametrize("page", [*ORIGINALS, *TRANSLATIONS])
def test_paths_are_links(page: str) -> None:
    """A path of the repository that stands in a sentence can be followed."""
    prose = re.sub(r"^```.*?^```$|^    .*?$", "", (ROOT / page).read_text(), flags=_CODE)
    named = re.findall(r"(?<!\[)`([\w./-]+/|[\w./-]+\.\w+)`", prose)

    assert [each for each in named if not each.startswith("./") and (ROOT / each).exists()] == []


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]
)
def test_links_lead_somewhere(page: Path) -> None:
    """A link within the repository leads to a file, and to a heading of it."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, heading = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE) if heading else []
        assert not heading or heading in {_anchor(each) for each in headings}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_english_pages_are_marked() -> None:
    """The Japanese README says of each page that it links, once at least, if it is English."""
    text = (ROOT / "README.ja.md").read_text()
    pages = set(re.findall(r"\]\(([\w/-]+\.md)[)#]", text)) - {"README.md"}

    marked = {each for each in pages if re.search(rf"]\({re.escape(each)}\).英語.", text)}
    assert {each for each in pages if not each.endswith(".ja.md")} == marked


@pytest.mark.parametrize("page", ORIGINALS)
def test_translation_has_the_same_code(page: str) -> None:
    """What a reader types or pastes is the same in both languages, and each links the other."""
    original = ROOT / page
    translation = original.with_suffix(".ja.md")
    texts = [path.read_text() for path in (original, translation)]
    blocks = [re.findall(r"^```\w+\n.*?^```$|^    .*?$", text, _CODE) for text in texts]

    assert blocks[0] == blocks[1]
    assert f"]({translation.name})" in texts[0]
    assert f"]({original.name})" in texts[1]


@pytest.mark.parametrize("page", ORIGINALS)
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
