"""build.sh package: what it uploads, what it writes, and what it says when it cannot."""

import json
import os
import shutil
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
    """Another checkout gives the same bytes; another content, or mode, of the code does not."""
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

    (again / "app" / "src" / "another.py").chmod(0o755)
    executable = packaged(again)
    assert executable != first
    code.write_text(code.read_text("utf-8").replace("from", "of"), encoding="utf-8")
    assert packaged(project) not in {first, executable}


@pytest.mark.parametrize(
    ("file", "bucket_name", "told"),
    [
        ("missing.yaml", BUCKET, "No template at missing.yaml"),
        ("stacksets.yaml", "stackset-resource-missing", "does not exist. Make it first"),
        ("broken.yaml", BUCKET, "broken.yaml was not packaged"),
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


def test_without_bucket(front_door: Front) -> None:
    """The bucket has no default: who may read it is the author's matter."""
    done = front_door("package", str(EXAMPLE / "stacksets.yaml"))

    assert done.returncode == 2
    assert "--bucket" in done.stderr
