"""build.sh: help, bad words, and deployments against the local AWS."""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.local.aws import ADMINISTRATOR, HOME_REGION, LocalAWS
from tests.packaging.conftest import Front
from tools.environments import ROOT

STACK = "StackSetCustomResource"
BUCKET = f"stackset-resource-{ADMINISTRATOR}-{HOME_REGION}"
OLD = (Path(__file__).parent / "awslabs.yaml").read_text("utf-8")

CONSUMER = """
Resources:
  Name:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !ImportValue StackSetCustomResource
"""

BROKEN = """
Resources:
  Name:
    Type: AWS::SSM::Parameter
    Properties: {Type: Nonsense, Value: x}
"""


@pytest.mark.parametrize("words", [(), ("help",), ("--help",), ("-h",)])
def test_help_names_each_word(front_door: Front, words: tuple[str, ...]) -> None:
    """Help tells every word and the awslabs way, and is no error."""
    done = front_door(*words)
    assert done.returncode == 0
    for word in (
        "demo",
        "test",
        "build",
        "deploy [REGION] [PROFILE]",
        "package TEMPLATE",
        "help",
        "REGION [PROFILE]",
    ):
        assert word in done.stdout


@pytest.mark.parametrize("word", ["build", "deploy", "package", "test"])
def test_each_word_has_help_of_its_own(front_door: Front, word: str) -> None:
    """Every word explains its own options instead of starting."""
    done = front_door(word, "--help")
    assert done.returncode == 0
    assert f"./build.sh {word}" in done.stdout


def test_unknown_word(front_door: Front) -> None:
    """A word that is neither known nor a region is refused in one line."""
    done = front_door("dpeloy")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "build.sh: 'dpeloy' is neither a word of mine nor a region; see ./build.sh --help."
    ]


def test_without_python(front_door: Front, tmp_path: Path) -> None:
    """Where no fitting Python is found, one line says what is needed and what is there."""
    program = tmp_path / "python3"
    program.write_text("#!/bin/sh\necho Python 3.8.1\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    copy = tmp_path / "project"
    copy.mkdir()
    (copy / "build.sh").write_bytes((ROOT / "build.sh").read_bytes())
    (copy / "build.sh").chmod(0o755)
    done = front_door("build", PATH=str(tmp_path), HOME=str(tmp_path), root=copy)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "Python 3.11 to 3.14" in line


def test_deploy_without_region(front_door: Front) -> None:
    """Without a region, the message shows where to write it."""
    done = front_door("deploy")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "No region: name one (./build.sh deploy eu-west-1) or set AWS_REGION."
    ]


def test_deploy_without_credentials(front_door: Front) -> None:
    """Without credentials, one line says so and what to do; nothing is built."""
    done = front_door(HOME_REGION)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("No usable AWS credentials: Unable to locate credentials")
    assert "aws configure" in line


def test_deploy_with_unknown_profile(front_door: Front) -> None:
    """The second word is the profile; one that does not exist is named."""
    done = front_door(HOME_REGION, "nobody")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "nobody" in line


@dataclass(frozen=True)
class Upgrade:
    """What was before and what came of deploying over it."""

    token: str
    log_groups: list[str]
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def upgrade(aws: LocalAWS, front_door: Front, as_administrator: dict[str, str]) -> Upgrade:
    """Deployed over the awslabs stack while another stack imports its export."""
    before = aws.deploy(STACK, OLD).require()
    aws.deploy("consumer", CONSUMER).require()
    log_groups = _log_groups(aws)
    here = "x86_64" if platform.machine() == "x86_64" else "arm64"
    overrides = ("--parameter-overrides", f"Architecture={here}")
    done = front_door(HOME_REGION, *overrides, **as_administrator)
    assert done.returncode == 0, done.stderr
    return Upgrade(before.outputs["StackSetResource"], log_groups, done)


def test_upgrade_keeps_token_and_log(aws: LocalAWS, upgrade: Upgrade) -> None:
    """The awslabs stack is upgraded in place: same function, same log, new code."""
    assert upgrade.done.stdout.splitlines()[-1] == f"Export StackSetCustomResource: {upgrade.token}"
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert function["Handler"] == "handler.app.handler"
    assert upgrade.log_groups
    assert _log_groups(aws) == upgrade.log_groups


@pytest.mark.usefixtures("upgrade")
def test_again_is_nothing(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str]
) -> None:
    """A second deployment uploads nothing, changes nothing, and is no error."""
    keys = _keys(aws)
    done = front_door("deploy", HOME_REGION, **as_administrator)
    assert done.returncode == 0, done.stderr
    assert "No changes to deploy" in done.stdout + done.stderr
    assert _keys(aws) == keys
    assert len(keys) == 1


@pytest.mark.usefixtures("upgrade")
def test_bucket_is_private(aws: LocalAWS) -> None:
    """The bucket that a deployment makes is blocked for the public, encrypted and versioned."""
    s3 = aws.client("s3")
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert len(blocked) == 4
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    encryption = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]
    [rule] = encryption["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def _log_groups(aws: LocalAWS) -> list[str]:
    pages = (
        aws.client("logs")
        .get_paginator("describe_log_groups")
        .paginate(logGroupNamePrefix=f"/aws/lambda/{STACK}-StackSetResourceFunction")
    )
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _keys(aws: LocalAWS) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket=BUCKET)
    return [each["Key"] for each in found["Contents"]]


def test_bucket_of_somebody_else(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str]
) -> None:
    """A bucket of another account is not used, and the message shows the way out."""
    aws.upload("taken", "key", b"", account="222222222222")
    done = front_door("deploy", HOME_REGION, "--bucket", "taken", **as_administrator)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Bucket taken belongs to another account, or you may not use it")
    assert "--bucket" in line


def test_stack_that_was_never_made(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str]
) -> None:
    """A stack whose creation failed is named with the one thing that helps."""
    assert aws.deploy("stillborn", BROKEN).status == "ROLLBACK_COMPLETE"
    done = front_door("deploy", HOME_REGION, "--stack-name", "stillborn", **as_administrator)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Stack stillborn is in ROLLBACK_COMPLETE: its first deployment failed")
    assert "delete the stack" in line


def test_failed_deployment_tells_why(front_door: Front, as_administrator: dict[str, str]) -> None:
    """What CloudFormation refused ends the output, not a trace of ours."""
    done = front_door(
        *("deploy", HOME_REGION, "--stack-name", "refused"),
        *("--parameter-overrides", "Architecture=mips"),
        **as_administrator,
    )
    assert done.returncode == 1
    assert "Stack refused was not deployed." in done.stderr
    assert "Traceback" not in done.stderr
    assert "mips" in done.stderr or "Architecture" in done.stderr
