"""build.sh: help, bad words, and deployments against the local AWS."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.local.aws import ADMINISTRATOR, HOME_REGION, LocalAWS
from emulator.local.stacks import StackOutcome
from tests.packaging import awslabs
from tests.packaging.conftest import Front
from tools import needed_rights, release, template, wheels
from tools.environments import ROOT
from tools.wheels import Machine

STACK = "StackSetCustomResource"
BUCKET = f"stackset-resource-{ADMINISTRATOR}-{HOME_REGION}"
BUCKETS = template.load(ROOT / "template.yaml")["Parameters"]["TemplateBuckets"]["Default"]

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


@pytest.fixture(scope="module")
def bare_clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which nothing has been made."""
    clone = tmp_path_factory.mktemp("bare") / "clone"
    for folder in ("tools", "requirements"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "build.sh", clone)
    return clone


@pytest.mark.parametrize("word", ["build", "demo", "deploy", "package", "test"])
def test_each_word_has_help_of_its_own(front_door: Front, bare_clone: Path, word: str) -> None:
    """Every word explains its own options in the front door's name, and makes nothing for it."""
    done = front_door(word, "--help", root=bare_clone, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: ./build.sh {word} ")
    assert "python" not in done.stdout.replace("this Python", "")
    assert done.stderr == ""
    assert {path.name for path in bare_clone.iterdir()} == {"build.sh", "requirements", "tools"}


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_is_told_to_stop(bare_clone: Path, told: signal.Signals) -> None:
    """Whoever ends all of it at once, as Ctrl-C does, reads one line, and no inner part's."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        [bare_clone / "build.sh", "demo"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as running:
        signal.signal(signal.SIGINT, before)
        assert running.stderr
        assert "Preparing .venv ...\n" in iter(running.stderr.readline, "")
        os.killpg(running.pid, told)
        errors = running.communicate(timeout=20)[1]
    assert running.returncode == 128 + told
    assert errors.splitlines() == ["Stopped; nothing is left running."]
    shutil.rmtree(bare_clone / ".venv", ignore_errors=True)
    shutil.rmtree(bare_clone / ".tools", ignore_errors=True)


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


def test_deploy_installs_what_it_needs(front_door: Front, tmp_path: Path) -> None:
    """In a fresh clone, deploying makes one small environment, and none of development's."""
    copy = tmp_path / "clone"
    for folder in ("handler", "macro", "tools", "requirements"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("build.sh", "template.yaml", "pyproject.toml"):
        shutil.copy(ROOT / file, copy / file)
    aws = tmp_path / "bin" / "aws"
    aws.parent.mkdir()
    aws.write_text('#!/bin/sh\n[ "$1" = --version ] || { echo No credentials >&2; exit 255; }\n')
    aws.chmod(0o755)

    # The same PyYAML ships, and is kept: no index is needed.
    kept = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels.fetch(Machine()))}
    path = f"{aws.parent}:{os.environ['PATH']}"
    done = front_door("deploy", HOME_REGION, root=copy, PATH=path, **kept)

    first, last = done.stderr.splitlines()
    assert first == "Preparing .tools/deploy ..."
    assert last.startswith("No usable AWS credentials: No credentials.")
    assert not (copy / ".venv").exists()
    python = copy / ".tools" / "deploy" / "bin" / "python"
    listed = subprocess.check_output([python, "-m", "pip", "list", "--format", "json"], text=True)
    assert {each["name"].lower() for each in json.loads(listed)} <= {"pip", "pyyaml", "setuptools"}


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
    """What was before, what was refused, and what came of deploying over it."""

    token: str
    stack_set: str
    log_groups: list[str]
    too_soon: subprocess.CompletedProcess[str]
    refused: subprocess.CompletedProcess[str]
    untouched: bool
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def upgrade(aws: LocalAWS, front_door: Front, as_administrator: dict[str, str]) -> Upgrade:
    """Deployed over the awslabs stack, whose export and rights another stack uses."""
    awslabs.make_roles(aws)
    before = awslabs.deploy_function(aws, STACK)
    stack_set = awslabs.deploy_consumer(aws).outputs["Id"]
    log_groups = _log_groups(aws)
    arm64 = ("--parameter-overrides", "Architecture=arm64")
    too_soon = front_door(HOME_REGION, *arm64, **as_administrator)
    refused = front_door(HOME_REGION, **as_administrator)
    untouched = _runtime(aws, before) == "python3.6" and BUCKET not in _buckets(aws)
    # As a user, since the local AWS keeps no record of what an account's root does.
    deployer = _user(aws, "deployer", "*")
    done = front_door(
        *(HOME_REGION, "--parameter-overrides", f"AdministrationRoleNames={awslabs.ROLE}"),
        *(f"TemplateBuckets={awslabs.BUCKET}",),
        **{**as_administrator, **deployer},
    )
    assert done.returncode == 0, done.stderr
    token = before.outputs["StackSetFunctionArn"]
    return Upgrade(token, stack_set, log_groups, too_soon, refused, untouched, done)


def _user(aws: LocalAWS, name: str, *actions: str) -> dict[str, str]:
    """The variables of a new user who may do this, to anything."""
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="May", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def test_upgrade_names_the_rights_that_would_go(upgrade: Upgrade) -> None:
    """Roles and buckets in use are named with the parameters to set, before anything is changed."""
    roles = f"AdministrationRoleNames=AWSCloudFormationStackSetAdministrationRole,{awslabs.ROLE}"
    buckets = f"TemplateBuckets={BUCKETS},{awslabs.BUCKET}"
    assert upgrade.refused.returncode == 1
    assert upgrade.untouched
    assert upgrade.refused.stderr.splitlines() == [
        "After this deployment the function may no longer",
        f"  pass role {awslabs.ROLE}, as stack set guardrails needs",
        "  read bucket old-templates, as resource consumer.Set needs",
        f"Nothing has been changed. Add to --parameter-overrides: {roles} {buckets}",
        "or, if the function needs none of it, go on with --accept-fewer-rights.",
    ]


def test_upgrade_to_another_architecture_takes_two_steps(upgrade: Upgrade) -> None:
    """Asked for with the old runtime still there, arm64 is refused, with the way to it."""
    assert upgrade.too_soon.returncode == 1
    [line] = upgrade.too_soon.stderr.splitlines()
    assert "runs python3.6, which Lambda has only on x86_64" in line
    assert line.endswith("then again with --parameter-overrides Architecture=arm64.")


def test_upgrade_keeps_token_and_log(aws: LocalAWS, upgrade: Upgrade) -> None:
    """The awslabs stack is upgraded in place: same function, same log, new code."""
    assert upgrade.done.stdout.splitlines()[-1] == f"Export StackSetCustomResource: {upgrade.token}"
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert function["Handler"] == "handler.app.handler"
    assert upgrade.log_groups
    assert _log_groups(aws) == upgrade.log_groups


def test_deploying_tells_what(aws: LocalAWS, upgrade: Upgrade) -> None:
    """What was said names the version, which the function has too, and the digest of the bundle."""
    said = upgrade.done.stdout.splitlines()
    assert said[0].startswith(f"Deploying {STACK}, version {release.version()}, to ")
    [bundle] = [each for each in said if each.startswith("Bundle: sha256 ")]
    assert any(bundle.split()[-1] in each for each in said if each.endswith(".zip ..."))
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert function["Description"].endswith(f" ({release.version()})")
    assert function["Environment"]["Variables"]["VERSION"] == release.version()


def test_upgrade_keeps_the_architecture(aws: LocalAWS, upgrade: Upgrade) -> None:
    """Lambda cannot change runtime and architecture of python3.6 at once: the latter stays."""
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["x86_64"]


def test_upgrade_keeps_operations_careful(aws: LocalAWS, upgrade: Upgrade) -> None:
    """Where a template says nothing, operations go as they did before there was a choice."""
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert function["Environment"]["Variables"]["DEFAULT_OPERATION_PREFERENCES"] == "CAREFUL"


def test_upgrade_keeps_both_outputs(aws: LocalAWS, upgrade: Upgrade) -> None:
    """Scripts find the token under its old key; the export belongs to that very output."""
    [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {each["OutputKey"]: each for each in stack["Outputs"]}
    tokens = ("StackSetFunctionArn", "StackSetCustomResource")
    assert [outputs[key]["OutputValue"] for key in tokens] == [upgrade.token, upgrade.token]
    exports = {key: each["ExportName"] for key, each in outputs.items() if "ExportName" in each}
    assert exports == {
        "StackSetFunctionArn": STACK,
        "StackSetMacroFunctionArn": "StackSetTemplateMacro",
    }


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


def test_the_second_step(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str], upgrade: Upgrade
) -> None:
    """With the new runtime there, the function goes to arm64, and stays there, as tags do."""
    for tag, words in (
        ("team=a b", ("--parameter-overrides", "Architecture=arm64")),
        ("cost=1=2", ()),
    ):
        done = front_door("deploy", HOME_REGION, *words, "--tags", tag, **as_administrator)
        assert done.returncode == 0, done.stderr
        function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
        assert function["Architectures"] == ["arm64"]
    [stack] = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    tags = {each["Key"]: each["Value"] for each in stack["Tags"]}
    assert tags == {"team": "a b", "cost": "1=2"}


def test_the_users_of_the_old_function(aws: LocalAWS, upgrade: Upgrade) -> None:
    """Properties of 2018 are updated by the new code, on the stack set and stacks they have."""
    before = awslabs.stacks(aws)
    assert [level for _, level in before.values()] == ["low", "high"]

    updated = awslabs.deploy_consumer(aws, "middle", awslabs.MEMBERS[2:])

    assert updated.outputs["Id"] == upgrade.stack_set
    after = awslabs.stacks(aws)
    assert [level for _, level in after.values()] == ["middle", "high", "middle"]
    assert [after[account][0] for account in before] == [stack for stack, _ in before.values()]
    found = aws.client("cloudformation").list_stack_set_operations(StackSetName=awslabs.STACK_SET)
    actions = [each["Action"] for each in reversed(found["Summaries"])]
    assert actions == ["CREATE", "CREATE", "UPDATE", "CREATE"]
    aws.delete("consumer").require()
    assert awslabs.stacks(aws) == {}


@pytest.mark.usefixtures("upgrade")
def test_bucket_is_private(aws: LocalAWS) -> None:
    """The bucket that a deployment makes is its owner's alone, encrypted and versioned."""
    s3 = aws.client("s3")
    blocked = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert len(blocked) == 4
    [owned] = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert owned == {"ObjectOwnership": "BucketOwnerEnforced"}
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    encryption = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]
    [rule] = encryption["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


@pytest.mark.usefixtures("upgrade")
def test_what_somebody_else_put_under_the_key_is_not_run(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str], upgrade: Upgrade
) -> None:
    """A bucket that was opened is closed again, and what was put into it there is not deployed."""
    s3 = aws.client("s3")
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    [key] = _keys(aws)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"code of somebody else")

    done = front_door("deploy", HOME_REGION, **as_administrator)

    assert done.returncode == 0, done.stderr
    assert f"{key} has not the checksum of what was built." in done.stdout
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    [owned] = s3.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"]
    assert owned == {"ObjectOwnership": "BucketOwnerEnforced"}
    again = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert again["CodeSha256"] == function["CodeSha256"]
    version = s3.head_object(Bucket=BUCKET, Key=key)["VersionId"]
    template = aws.client("cloudformation").get_template(StackName=STACK)["TemplateBody"]
    assert version in (template if isinstance(template, str) else json.dumps(template))


def test_bucket_as_an_address(front_door: Front) -> None:
    """A bucket that is written as an address is refused with its name, before anybody is asked."""
    for address in ("s3://mine", "s3://mine/", "arn:aws:s3:::mine"):
        done = front_door("deploy", HOME_REGION, "--bucket", address)
        assert done.returncode == 1
        assert done.stderr.splitlines() == [
            f"--bucket takes the name of a bucket alone, which '{address}' is not: --bucket mine."
        ]


def _log_groups(aws: LocalAWS) -> list[str]:
    pages = (
        aws.client("logs")
        .get_paginator("describe_log_groups")
        .paginate(logGroupNamePrefix=f"/aws/lambda/{STACK}-StackSetResourceFunction")
    )
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _runtime(aws: LocalAWS, stack: StackOutcome) -> str:
    arn = stack.outputs["StackSetFunctionArn"]
    found = aws.client("lambda").get_function_configuration(FunctionName=arn)
    return str(found["Runtime"])


def _buckets(aws: LocalAWS) -> list[str]:
    return [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]]


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


@pytest.mark.usefixtures("upgrade")
def test_failed_deployment_tells_why(front_door: Front, as_administrator: dict[str, str]) -> None:
    """What CloudFormation refused ends the output, not a trace of ours."""
    done = front_door(
        *("deploy", HOME_REGION, "--parameter-overrides", "Architecture=mips"), **as_administrator
    )
    assert done.returncode == 1
    assert f"Stack {STACK} was not deployed." in done.stderr
    assert "Traceback" not in done.stderr
    assert "mips" in done.stderr or "Architecture" in done.stderr


@pytest.mark.usefixtures("upgrade")
def test_a_second_stack(front_door: Front, as_administrator: dict[str, str]) -> None:
    """A stack of another name would take over the export, so it is refused before it is made."""
    done = front_door("deploy", HOME_REGION, "--stack-name", "second", **as_administrator)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Stack {STACK} exports StackSetCustomResource already")


@pytest.mark.usefixtures("upgrade")
def test_what_would_change(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str], upgrade: Upgrade
) -> None:
    """Nothing is changed; what would be is printed."""
    words = ("--no-execute-changeset", "--parameter-overrides", "MemorySize=512")
    done = front_door("deploy", HOME_REGION, *words, **as_administrator)
    assert done.returncode == 0, done.stderr
    assert "Modify: StackSetResourceFunction (AWS::Lambda::Function)" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("To execute it: aws cloudformation execute-")
    function = aws.client("lambda").get_function_configuration(FunctionName=upgrade.token)
    assert function["MemorySize"] == 256


def test_rights_that_are_missing(
    aws: LocalAWS, front_door: Front, as_administrator: dict[str, str]
) -> None:
    """Whoever may too little reads all of it at once, and nothing has been made."""
    looking = (
        "cloudformation:Describe*",
        "cloudformation:ListExports",
        "s3:ListBucket",
        "iam:Sim*",
    )
    intern = _user(aws, "intern", *looking)
    words = ("--stack-name", STACK, "--bucket", "of-an-intern")
    done = front_door("deploy", HOME_REGION, *words, **{**as_administrator, **intern})
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].endswith(":user/intern may not")
    assert any("s3:PutObject on arn:aws:s3:::of-an-intern/" in each for each in lines)
    assert any("iam:CreateRole" in each for each in lines)
    assert lines[-1].startswith("Nothing has been made.")
    assert "of-an-intern" not in _buckets(aws)


@pytest.mark.usefixtures("upgrade")
def test_rights_that_a_deployment_takes(aws: LocalAWS) -> None:
    """Each call of a deployment is one that whoever deploys is asked about beforehand."""
    used = {each["action"] for each in aws.iam_actions() if "/deployer" in each["principal"]}
    assert {"s3:PutObject", "cloudformation:ExecuteChangeSet"} <= used
    plan = needed_rights.Plan(BUCKET, makes_bucket=True, stack=STACK)
    asked = needed_rights.questions(HOME_REGION, ADMINISTRATOR, "arn:aws:iam::1:user/u", plan)
    listed = {action for each in asked for action in each.actions.split()}
    assert used <= listed | set(needed_rights.LOOKS.split())


def test_a_role_that_is_none(front_door: Front) -> None:
    """A role's name is not its ARN."""
    done = front_door("deploy", HOME_REGION, "--role-arn", "Deployer")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("--role-arn takes the ARN of a role")


def test_no_way_to_aws(front_door: Front, as_administrator: dict[str, str]) -> None:
    """A network that is not there is told as that, and nobody is asked for credentials."""
    nowhere = {**as_administrator, "AWS_ENDPOINT_URL": "https://127.0.0.1:9"}
    done = front_door("deploy", HOME_REGION, **nowhere)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("AWS cannot be reached: Could not connect to the endpoint URL")


def test_misspelt_parameter(front_door: Front) -> None:
    """A parameter that the template does not have is refused before anybody is asked."""
    done = front_door("deploy", HOME_REGION, "--parameter-overrides", "LogLevl=DEBUG")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.endswith("the template has no parameter LogLevl; did you mean LogLevel?")
