"""build.sh package: what it uploads, what it writes, and what it says when it cannot."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from emulator.local.aws import LocalAWS
from tests.packaging.conftest import Front
from tools.environments import ROOT

BUCKET = "stackset-resource-package"
EXAMPLE = ROOT / "examples" / "pipeline"

# Everything that packaging has to tell apart: short forms, an address, a nested stack, a date.
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  Local:
    Type: Custom::StackSet
    Properties:
      ServiceToken: !ImportValue StackSetCustomResource
      TemplateURL: app/template.yaml
      StackSetName: !Sub "${AWS::StackName}-local"
  Remote:
    Type: Custom::StackSet
    Properties:
      ServiceToken: !ImportValue StackSetCustomResource
      TemplateURL: https://s3.amazonaws.com/bucket/template.yaml
  Told:
    Type: Custom::StackSet
    Properties:
      ServiceToken: !ImportValue StackSetCustomResource
      TemplateURL: !Ref AWS::StackName
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: stacksets.yaml
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example, with a template of its own."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder)
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def bucket(aws: LocalAWS) -> str:
    """A bucket that is there."""
    aws.upload(BUCKET, "first", b"")
    return BUCKET


@pytest.fixture
def as_packager(as_administrator: dict[str, str]) -> dict[str, str]:
    """Variables of somebody who works in another Region than the bucket's."""
    return {**as_administrator, "AWS_DEFAULT_REGION": "us-east-1"}


def _template_at(aws: LocalAWS, url: str) -> str:
    start = f"https://s3.eu-west-1.amazonaws.com/{BUCKET}/packaged/"
    assert url.startswith(start)
    key = f"packaged/{url.removeprefix(start)}"
    body: bytes = aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body.decode()


def test_paths_become_addresses(
    aws: LocalAWS, front_door: Front, bucket: str, project: Path, as_packager: dict[str, str]
) -> None:
    """Local templates are uploaded with their code, deeper ones too; all else stays as it is."""
    output = project / "packaged.json"
    words = ("--bucket", bucket, "--prefix", "packaged/", "--output", str(output))
    done = front_door("package", str(project / "template.yaml"), *words, **as_packager)

    assert done.returncode == 0, done.stderr
    packaged = json.loads(output.read_text("utf-8"))
    resources = packaged["Resources"]
    local = resources["Local"]["Properties"]
    assert packaged["AWSTemplateFormatVersion"] == "2010-09-09"
    assert resources["Local"]["Type"] == "Custom::StackSet"
    assert local["ServiceToken"] == {"Fn::ImportValue": "StackSetCustomResource"}
    assert local["StackSetName"] == {"Fn::Sub": "${AWS::StackName}-local"}
    assert f"S3Bucket: {bucket}" in _template_at(aws, local["TemplateURL"])
    assert resources["Remote"]["Properties"]["TemplateURL"].endswith("/bucket/template.yaml")
    assert resources["Told"]["Properties"]["TemplateURL"] == {"Ref": "AWS::StackName"}
    nested = _template_at(aws, resources["Nested"]["Properties"]["TemplateURL"])
    assert local["TemplateURL"] in nested


def test_same_content_is_the_same_address(
    front_door: Front, bucket: str, project: Path, as_packager: dict[str, str]
) -> None:
    """Another checkout gives the same address, whatever its times and modes, and bytecode in it."""
    code = project / "app" / "src" / "index.py"
    (code.parent / "another.py").write_text("", encoding="utf-8")

    def packaged(folder: Path) -> str:
        words = ("package", str(folder / "stacksets.yaml"), "--bucket", bucket)
        done = front_door(*words, **as_packager)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = packaged(project)
    again = shutil.copytree(project, project.with_name("again"), copy_function=shutil.copyfile)
    for path in again.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert packaged(again) == first

    (again / "app" / "src" / "another.py").chmod(0o700)
    (again / "app" / "src" / "__pycache__").mkdir()
    (again / "app" / "src" / "__pycache__" / "index.cpython-313.pyc").write_bytes(b"bytecode")
    assert packaged(again) == first
    code.write_text(code.read_text("utf-8").replace("from", "of"), encoding="utf-8")
    assert packaged(project) != first


def _code_at(aws: LocalAWS, packaged: str) -> zipfile.ZipFile:
    """The archive that the function of a packaged template runs."""
    url = json.loads(packaged)["Resources"]["Function"]["Properties"]["CodeUri"]
    key = url.removeprefix(f"s3://{BUCKET}/")
    body = aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return zipfile.ZipFile(io.BytesIO(body))


FUNCTION = """
Resources:
  Function: {Type: AWS::Serverless::Function, Properties: {CodeUri: CODE}}
"""


@pytest.mark.parametrize("ready", [True, False])
def test_lambda_may_read_the_code(
    aws: LocalAWS,
    front_door: Front,
    bucket: str,
    tmp_path: Path,
    as_packager: dict[str, str],
    *,
    ready: bool,
) -> None:
    """Code of somebody who lets nobody read is open in S3, also where the archive was ready."""
    code = tmp_path / "code"
    code.mkdir()
    for name in ("bootstrap", "z.py"):
        (code / name).write_text(f"# {name}, ready: {ready}", encoding="utf-8")
        (code / name).chmod(0o600)
    if ready:
        with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
            for file in sorted(code.iterdir(), reverse=True):
                archive.write(file, file.name)
    template = tmp_path / "template.yaml"
    template.write_text(FUNCTION.replace("CODE", "code.zip" if ready else "code"), "utf-8")

    done = front_door("package", str(template), "--bucket", bucket, **as_packager)

    assert done.returncode == 0, done.stderr
    entries = _code_at(aws, done.stdout).infolist()
    assert sorted(each.filename for each in entries) == ["bootstrap", "z.py"]
    assert {each.external_attr >> 16 for each in entries} == {0o100755}
    assert {each.date_time for each in entries} == {(1980, 1, 1, 0, 0, 0)}


NO_TEMPLATES = {
    "": "this is no template: it needs Resources, each with a Type",
    "just text": "this is no template",
    "- a": "this is no template",
    "Resources:": "Resources has no resources",
    "Resources: {A: }": "Resources.A is no resource: give it a Type",
    "Resources: {A: {Properties: {}}}": "Resources.A has no Type",
    "Resources: {A: {Type: X, Properties: text}}": "Resources.A.Properties is no mapping",
    "Resources: {'Fn::ForEach::L': [I, [a], {'A${I}': }]}": "Fn::ForEach::L.A${I} is no resource",
    "{Metadata: , Resources: {A: {Type: X}}}": "Metadata is no mapping",
    "Resources: {A: {Type: X, Properties: {P: !!binary aGVsbG8=}}}": "Properties.P is a bytes",
    "Resources: {A: {Type: X, Properties: {P: [.nan]}}}": "Properties.P[0] is nan",
    "Resources: {A: {Type: X, Properties: {2020-01-01: a}}}": "has the key 2020-01-01",
    "Resources: {A: {Type: X, Properties: {yes: a}}}": "has the key True",
    "Resources: {A: {Type: X, Properties: {P: 2020-01-01 10:00:00}}}": "P is a datetime",
    "Resources: [": "is no YAML: ",
    "Resources: {A: {Type: X, Properties: {P: &x [*x]}}}": "is no YAML: ",
}


@pytest.mark.parametrize("text", NO_TEMPLATES, ids=lambda each: each[:30] or "empty")
def test_what_is_no_template(
    front_door: Front, tmp_path: Path, as_packager: dict[str, str], text: str
) -> None:
    """A file that is none is told in one line, with place and mend, before anything is uploaded."""
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    done = front_door("package", "wrong.yaml", "--bucket", "nobody", cwd=tmp_path, **as_packager)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(str(tmp_path / "wrong.yaml"))
    assert NO_TEMPLATES[text] in line


def test_no_text(front_door: Front, tmp_path: Path, as_packager: dict[str, str]) -> None:
    """A picture is no template."""
    (tmp_path / "wrong.yaml").write_bytes(b"\x89PNG\xff\xfe")
    done = front_door("package", "wrong.yaml", "--bucket", "nobody", cwd=tmp_path, **as_packager)
    [line] = done.stderr.splitlines()
    assert "wrong.yaml is no YAML" in line


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("deep.yaml", "app", "deep.yaml: Resources.A is no resource"),
        ("app.yaml", "missing", "refers to a file or folder that does not exist"),
        ("app.yaml", "nothing", "nothing is empty: put the code there"),
    ],
)
def test_nothing_is_uploaded_for_what_fails(  # noqa: PLR0917 - fixtures and the case
    aws: LocalAWS,
    front_door: Front,
    bucket: str,
    tmp_path: Path,
    as_packager: dict[str, str],
    url: str,
    code: str,
    told: str,
) -> None:
    """What comes first and is right stays here, too, if anything that comes later is wrong."""
    for folder in ("app", "nothing"):
        (tmp_path / folder).mkdir()
    (tmp_path / "app" / "index.py").write_text(f"# {told}", encoding="utf-8")
    (tmp_path / "app.yaml").write_text(FUNCTION.replace("CODE", "app"), encoding="utf-8")
    (tmp_path / "deep.yaml").write_text("Resources: {A: }", encoding="utf-8")
    sets = f"""
Resources:
  First: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: app}}}}
  Second: {{Type: Custom::StackSet, Properties: {{TemplateURL: {url}}}}}
  Third: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: {code}}}}}
"""
    (tmp_path / "sets.yaml").write_text(sets, encoding="utf-8")
    words = ("--bucket", bucket, "--prefix", "nothing")
    done = front_door("package", "sets.yaml", *words, cwd=tmp_path, **as_packager)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert told in line
    assert not aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="nothing/")["KeyCount"]


@pytest.mark.parametrize(
    ("output", "told"),
    [("missing/out.json", "is no folder: make it first"), (".", "is a folder: name a file in it")],
)
def test_no_place_for_the_output(
    front_door: Front, as_packager: dict[str, str], output: str, told: str
) -> None:
    """Where the result cannot be written, nothing is begun."""
    template = str(EXAMPLE / "stacksets.yaml")
    words = ("--bucket", "nobody", "--output", output)
    done = front_door("package", template, *words, **as_packager)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert told in line


@pytest.mark.parametrize(
    ("file", "bucket_name", "told"),
    [
        ("missing.yaml", BUCKET, "No template at missing.yaml"),
        ("stacksets.yaml", "stackset-resource-missing", "does not exist. Make it first"),
        ("broken.yaml", BUCKET, "broken.yaml is no YAML"),
        ("lost.yaml", BUCKET, "path to CloudFormation template file"),
    ],
)
def test_mistakes_are_told(  # noqa: PLR0917 - fixtures and the case
    front_door: Front,
    bucket: str,
    project: Path,
    as_packager: dict[str, str],
    file: str,
    bucket_name: str,
    told: str,
) -> None:
    """A missing file or bucket, or a template that is none, is named, with what to do."""
    (project / "broken.yaml").write_text("Resources: [", encoding="utf-8")
    lost = TEMPLATE.replace("app/template.yaml", "app/lost.yaml")
    (project / "lost.yaml").write_text(lost, encoding="utf-8")
    assert bucket
    done = front_door("package", file, "--bucket", bucket_name, cwd=project, **as_packager)

    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_without_credentials(front_door: Front) -> None:
    """Without credentials, one line says so and what to do."""
    template = str(EXAMPLE / "stacksets.yaml")
    done = front_door("package", template, "--bucket", BUCKET)

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("No usable AWS credentials: Unable to locate credentials")
    assert "--profile" in line


def test_without_a_way_to_aws(front_door: Front, as_packager: dict[str, str]) -> None:
    """An address for a bucket, or a network in the way, is no matter of credentials."""
    template = str(EXAMPLE / "stacksets.yaml")
    nowhere = {**as_packager, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for name, told in ((f"s3://{BUCKET}", "--bucket takes"), (BUCKET, "AWS cannot be reached: ")):
        done = front_door("package", template, "--bucket", name, **nowhere)

        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert line.startswith(told)


def test_without_bucket(front_door: Front) -> None:
    """The bucket has no default: who may read it is the author's matter."""
    done = front_door("package", str(EXAMPLE / "stacksets.yaml"))

    assert done.returncode == 2
    assert "--bucket" in done.stderr
