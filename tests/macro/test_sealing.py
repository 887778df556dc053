"""The digest of a content, and the version in its address."""

from __future__ import annotations

import json
from typing import Any

import pytest

from macro import parsing
from macro.sealing import Content, Denied, Unavailable, Unreadable
from tests.macro.store import INNER, LATER, NESTED, STACK, URL, Store, made, refusal, run, sha

YAML = f"""
Parameters:
  Key: {{Type: String, Default: unknown}}
  Place: {{Type: String, Default: b}}
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: !Sub https://${{Place}}.s3.amazonaws.com/${{Key}}.yaml
      Parameters: {{Inner: !Sub "{INNER}"}}
  Unreadable:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: "https://b.s3.amazonaws.com/secret"}}
  Later:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: !GetAtt Unreadable.Outputs.Address}}
""".encode()
MIDDLE = b"""
Resources:
  Inner: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: !Ref Inner}}
"""
LAST = json.dumps(
    {
        "Resources": {
            "Again": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": INNER}}
        }
    }
).encode()


def test_nested_templates_count() -> None:
    """All nested templates that can be read count, however deep, by address and content."""
    store = Store({URL: Content(YAML, ""), NESTED: Content(MIDDLE, ""), INNER: Content(LAST, "")})
    properties: dict[str, Any] = {"TemplateURL": URL, "Parameters": [{"Key": "nested"}]}
    lines = sorted([f"{NESTED} {sha(MIDDLE)}", f"{INNER} {sha(LAST)}"])

    first = made(store, **properties)["TemplateDigest"]
    assert first == f"{sha(YAML)}.{sha(chr(10).join(lines).encode())}"
    store[INNER] = Content(LAST + b" ", "")
    second = made(store, **properties)["TemplateDigest"]
    assert second.partition(".")[0] == first.partition(".")[0]
    assert second != first


@pytest.mark.parametrize(
    "content", [b"AWS::CloudFormation::Stack: [", b"AWS::CloudFormation::Stack", b"\xff\xfe" * 9]
)
def test_no_template(content: bytes) -> None:
    """What is no template has a digest all the same: CloudFormation says what it is."""
    assert made(Store({URL: Content(content, "")}), TemplateURL=URL)["TemplateDigest"] == sha(
        content
    )


def test_version_is_pinned() -> None:
    """Where the bucket keeps versions, the address names the one that was read."""
    versions = {
        f"{URL}?versionId=v{number}": Content(body, f"v{number}")
        for number, body in enumerate((b"y", b"x"))
    }
    store = Store({URL: Content(b"x", "v1"), **versions})

    assert made(store, TemplateURL=URL)["TemplateURL"] == f"{URL}?versionId=v1"
    pinned = f"{URL}?versionId=v0"
    assert made(store, TemplateURL=pinned) == {"TemplateURL": pinned, "TemplateDigest": sha(b"y")}


IS_PROD: dict[str, Any] = {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}}
STAGES: dict[str, Any] = {"Stage": {"Type": "String", "Default": "test"}}


def parent(*urls: Any, **sections: Any) -> bytes:
    """A template that nests these, with parameters and more in front."""
    stacks = {
        f"Child{number}": {"Type": STACK, "Properties": {"TemplateURL": url}}
        for number, url in enumerate(urls)
    }
    return json.dumps({**sections, "Resources": stacks}).encode()


def nested_in(store: Store, **properties: Any) -> tuple[str, tuple[str, ...]]:
    """The digest of what a stack set's template nests, and what it does not cover."""
    processed = run(store, {"TemplateURL": URL, **properties})
    digest: str = processed.template["Resources"]["Set"]["Properties"]["TemplateDigest"]
    return digest.partition(".")[2], processed.unsealed


def lines(**contents: bytes) -> str:
    """The digest of nested templates, by their names in the bucket."""
    texts = [f"https://b.s3.amazonaws.com/{name} {sha(each)}" for name, each in contents.items()]
    return sha("\n".join(sorted(texts)).encode())


PLACE = "https://b.s3.amazonaws.com"


def within(key: Any) -> dict[str, Any]:
    """The address of a key in the bucket."""
    return {"Fn::Join": ["/", [PLACE, key]]}


class TestNested:
    """What the second part of a digest sees."""

    @pytest.mark.parametrize(
        "url",
        [
            {"Fn::Sub": "https://b.s3.${AWS::URLSuffix}/one"},
            {"Fn::If": ["IsProd", {"Ref": "Missing"}, f"{PLACE}/one"]},
            within({"Fn::FindInMap": ["Keys", {"Ref": "Stage"}, "Key"]}),
            within({"Fn::Select": [1, {"Fn::Split": ["/", "x/one"]}]}),
            within({"Fn::Select": ["0", {"Ref": "Names"}]}),
        ],
    )
    def test_functions(self, url: Any) -> None:
        """Addresses are worked out as far as they are the same in every account and Region."""
        names = {"Names": {"Type": "CommaDelimitedList", "Default": "one,two"}}
        sections = {
            "Parameters": {**STAGES, **names},
            "Conditions": IS_PROD,
            "Mappings": {"Keys": {"test": {"Key": "one"}}},
        }
        body = parent(url, **sections)
        store = Store({URL: Content(body, ""), "https://b.s3.amazonaws.com/one": Content(b"1", "")})

        assert nested_in(store) == (lines(one=b"1"), ())

    def test_other_regions(self) -> None:
        """What differs by account or Region is not the stack set's own: it stays unsealed."""
        body = parent({"Fn::Sub": "https://b.s3.${AWS::Region}.amazonaws.com/one"})
        digest, unsealed = nested_in(Store({URL: Content(body, "")}))

        assert digest == ""
        assert unsealed == ("Set: Child0: only the deployment tells its address",)

    def test_condition(self) -> None:
        """A child whose condition does not hold is none."""
        child = {"Type": STACK, "Condition": "IsProd", "Properties": {"TemplateURL": NESTED}}
        sections = {"Parameters": STAGES, "Conditions": IS_PROD}
        body = json.dumps({**sections, "Resources": {"Child": child}}).encode()
        store = Store({URL: Content(body, ""), NESTED: Content(b"n", "")})

        assert nested_in(store) == ("", ())
        assert nested_in(store, Parameters={"Stage": "prod"}) == (
            lines(**{"nested.yaml": b"n"}),
            (),
        )

    def test_one_child_with_two_parameter_sets(self) -> None:
        """A child that is nested twice may nest different templates itself."""
        two = {
            name: {
                "Type": STACK,
                "Properties": {"TemplateURL": NESTED, "Parameters": {"Key": name}},
            }
            for name in ("one", "two")
        }
        inner = parent(
            {"Fn::Sub": "https://b.s3.amazonaws.com/${Key}"}, Parameters={"Key": {"Type": "String"}}
        )
        store = Store(
            {URL: Content(json.dumps({"Resources": two}).encode(), ""), NESTED: Content(inner, "")}
        )
        for name in two:
            store[f"https://b.s3.amazonaws.com/{name}"] = Content(name.encode(), "")

        assert nested_in(store) == (
            lines(**{"nested.yaml": inner, "one": b"one", "two": b"two"}),
            (),
        )
        assert len(store.reads) == len(set(store.reads)) + 1, "the macro's reader keeps what it has"

    def test_overrides(self) -> None:
        """What a group overrides is deployed as well as what the stack set says."""
        body = parent({"Fn::Sub": "https://b.s3.amazonaws.com/${Stage}"}, Parameters=STAGES)
        store = Store({URL: Content(body, "")})
        for name in ("test", "prod"):
            store[f"https://b.s3.amazonaws.com/{name}"] = Content(name.encode(), "")
        group = {"Regions": ["eu-west-1"], "Accounts": ["111111111111"]}
        groups = [
            group,
            {**group, "Regions": ["eu-west-2"], "ParameterOverrides": [{"Stage": "prod"}]},
        ]

        assert nested_in(store, StackInstances=groups)[0] == lines(test=b"test", prod=b"prod")

    @pytest.mark.parametrize(
        "parameters",
        [{"Stage": LATER}, [{"ParameterKey": "Stage", "ParameterValue": LATER}], LATER, [LATER]],
    )
    def test_unknown_value_is_not_the_default(self, parameters: Any) -> None:
        """A parameter that the deployment tells does not have its default."""
        body = parent({"Fn::Sub": "https://b.s3.amazonaws.com/${Stage}"}, Parameters=STAGES)
        store = Store(
            {URL: Content(body, ""), "https://b.s3.amazonaws.com/test": Content(b"t", "")}
        )
        digest, unsealed = nested_in(store, Parameters=parameters)

        assert digest == ""
        assert "only the deployment tells" in unsealed[0]

    def test_unavailable_for_the_moment(self) -> None:
        """What a digest would hold at another moment fails the change set instead."""
        store = Store({URL: Content(parent(NESTED), ""), NESTED: Content(b"n", "")})
        store.refusals[NESTED] = Unavailable(f"{NESTED} cannot be read for the moment")

        assert "nested.yaml cannot be read for the moment" in refusal(store, TemplateURL=URL)

    @pytest.mark.parametrize("error", [Unreadable("leads to nothing"), Denied("may not be read")])
    def test_unreadable_for_good(self, error: Unreadable) -> None:
        """What the macro may not read, others may: it is left out, and named."""
        store = Store({URL: Content(parent(NESTED, "https://example.com/x?key=1"), "")})
        store.refusals[NESTED] = error

        outside = "Set: Child1: https://example.com/x is outside S3"
        assert nested_in(store) == ("", (f"Set: Child0: {error}", outside))

    def test_loop_in_a_child(self) -> None:
        """A loop that nests stacks is named: it is written out by nobody yet."""
        loop = ["N", ["a", "b"], {"S${N}": {"Type": STACK, "Properties": {"TemplateURL": NESTED}}}]
        body = json.dumps({"Resources": {"Fn::ForEach::Stacks": loop}}).encode()

        assert nested_in(Store({URL: Content(body, "")}))[1] == (
            "Set: Fn::ForEach::Stacks: only the deployment tells its address",
        )

    def test_template_that_names_itself(self) -> None:
        """A template that nests itself with ever other parameters comes to an end, and is named."""
        child = {
            "Type": STACK,
            "Properties": {"TemplateURL": URL, "Parameters": {"P": {"Fn::Sub": "${P}${P}x"}}},
        }
        template = {
            "Parameters": {"P": {"Type": "String", "Default": "x"}},
            "Resources": {"C": child},
        }
        store = Store({URL: Content(json.dumps(template).encode(), "")})
        assert nested_in(store)[0] == lines(**{"app.yaml": json.dumps(template).encode()})
        child["Properties"]["Parameters"]["P"] = {"Fn::Sub": "${P}x"}  # type: ignore[index]
        store[URL] = Content(json.dumps(template).encode(), "")
        assert "more than 100" in nested_in(store)[1][0]

    def test_aliases(self) -> None:
        """Aliases that multiply cost nothing, for CloudFormation takes none."""
        levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
        text = "\n".join([f"x: {STACK}", "a0: &a0 [x]", *levels])
        store = Store({URL: Content(text.encode(), "")})
        digest, unsealed = nested_in(store)

        assert digest == ""
        assert "aliases are not allowed" in unsealed[0]

    @pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "- " * 50_000])
    def test_deep_texts(self, text: str) -> None:
        """A text without an end of brackets is no template, and no traceback either."""
        store = Store({URL: Content(f"{text} {STACK}".encode(), "")})

        assert nested_in(store)[1]

    def test_much_yaml(self) -> None:
        """So much YAML is read for a change set and no more; what was not read is named."""
        body = f"# {STACK}\n# {'x' * 900_000}\nResources: {{}}\n# "
        urls = [f"https://b.s3.amazonaws.com/{number}" for number in range(3)]
        store = Store({URL: Content(parent(*urls), "")})
        store |= {url: Content(f"{body}{url}".encode(), "") for url in urls}

        [told] = nested_in(store)[1]
        assert told.startswith("Set: what Child0 nests: the YAML of this change set is more than")

    def test_dense_yaml(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A megabyte that would take minutes is given up before, and named."""
        monkeypatch.setattr(parsing, "_MOST_NODES", 1000)
        text = f"# {STACK}\na: [{'a,' * 500_000}]"

        assert "more than" in nested_in(Store({URL: Content(text.encode(), "")}))[1][0]


PRESIGNED = f"{URL}?X-Amz-Signature=secret"


class TestPin:
    """The version in the address."""

    def test_version_that_may_not_be_read(self) -> None:
        """A bucket that grants s3:GetObject alone is read without a version, and that is told."""
        store = Store({URL: Content(b"x", "v1")})
        store.refusals[f"{URL}?versionId=v1"] = Denied("s3:GetObjectVersion is missing")
        processed = run(store, {"TemplateURL": URL})

        assert processed.template["Resources"]["Set"]["Properties"] == {
            "TemplateURL": URL,
            "TemplateDigest": sha(b"x"),
        }
        assert processed.unsealed == (
            "Set: TemplateURL names no version: s3:GetObjectVersion is missing",
        )

    def test_version_for_the_moment(self) -> None:
        """A version is not left out because S3 does not answer just now."""
        store = Store({URL: Content(b"x", "v1")})
        store.refusals[f"{URL}?versionId=v1"] = Unavailable("busy")

        assert "busy" in refusal(store, TemplateURL=URL)

    def test_presigned(self) -> None:
        """The signature is of the address as it is: it gets no version."""
        store = Store({PRESIGNED: Content(b"x", "v1")})

        assert made(store, TemplateURL=PRESIGNED) == {
            "TemplateURL": PRESIGNED,
            "TemplateDigest": sha(b"x"),
        }

    def test_presigned_and_denied(self) -> None:
        """CloudFormation reads with the signature what the macro may not: that is no fault."""
        store = Store()
        store.refusals[PRESIGNED] = Denied("denied")

        assert made(store, TemplateURL=PRESIGNED) == {"TemplateURL": PRESIGNED}

    def test_blanks(self) -> None:
        """Blanks around an address are not part of it."""
        store = Store({URL: Content(b"x", "")})

        assert made(store, TemplateURL=f" {URL} ") == {
            "TemplateURL": f" {URL} ",
            "TemplateDigest": sha(b"x"),
        }
