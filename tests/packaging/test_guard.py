"""The rules for templates: none is broken, and each says so where it is."""

import copy
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tools import checks, guard
from tools.environments import ROOT, prepare

pytestmark = pytest.mark.skipif(
    (sys.platform, platform.machine()) not in {("linux", "x86_64"), ("darwin", "arm64")},
    reason="no Guard for this machine",
)

Document = dict[str, Any]
JUDGE = """
import json, sys
from tools.guard import findings
print(json.dumps([[*findings(each)] for each in json.load(sys.stdin)]))
"""


def _statement(document: Document, role: str = "StackSetResourceRole") -> Document:
    [first, *_] = document["Resources"][role]["Properties"]["Policies"]
    found: Document = first["PolicyDocument"]["Statement"][0]
    return found


def _trust(document: Document) -> Document:
    properties = document["Resources"]["LastWordRole"]["Properties"]
    found: Document = properties["AssumeRolePolicyDocument"]["Statement"][0]
    return found


def _bucket_policy(document: Document) -> list[Document]:
    properties = document["Resources"]["ArtifactBucketPolicy"]["Properties"]
    found: list[Document] = properties["PolicyDocument"]["Statement"]
    return found


def _set(name: str, **properties: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        resource = document["Resources"][name]
        for key, value in properties.items():
            (resource if key in resource else resource["Properties"])[key] = value

    return change


def _drop(*path: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        *above, last = path
        place = document["Resources"]
        for each in above:
            place = place[each]["Properties"]
        del place[last]

    return change


# Each breaks the rule before it, in template.yaml or, where buckets are meant, in bucket.yaml.
BROKEN: list[tuple[str, Callable[[Document], Any]]] = [
    ("queues_are_encrypted", _set("StackSetQueue", SqsManagedSseEnabled=False, KmsMasterKeyId="")),
    ("the_key_is_used", _set("StackSetQueue", KmsMasterKeyId="alias/aws/sqs")),
    ("the_key_is_used", _set("LastWordLogGroup", KmsKeyId="another")),
    ("only_by_tls", _drop("StackSetDeadLetterQueuePolicy")),
    ("logs_end_and_outlive", _drop("LastWordLogGroup", "RetentionInDays")),
    ("logs_end_and_outlive", _set("LastWordLogGroup", DeletionPolicy="Delete")),
    ("every_function_has_its_log", _drop("LastWordLogGroup")),
    ("requests_do_not_get_lost", _set("StackSetQueue", RedrivePolicy={})),
    ("requests_do_not_get_lost", _set("StackSetDeadLetterQueue", MessageRetentionPeriod=60)),
    ("no_wildcard_principals", lambda each: _trust(each).update(Principal="*")),
    ("no_wildcard_principals", lambda each: _trust(each).update(Principal={"AWS": ["1", "*"]})),
    ("no_wildcard_callers", _set("StackSetMacroPermission", Principal="*")),
    ("no_wildcard_actions", lambda each: _statement(each).update(Action="cloudformation:*")),
    (
        "no_wildcard_actions",
        lambda each: _statement(each).update(Action=["s3:GetObject", "s3:Put*"]),
    ),
    ("any_resource_only_where_iam_knows_none", lambda each: _statement(each).update(Action="a:B")),
    (
        "any_resource_only_where_iam_knows_none",
        lambda each: _statement(each, "LastWordRole").update(Resource=["*"]),
    ),
    ("roles_are_bounded", _drop("LastWordRole", "PermissionsBoundary")),
    ("functions_are_in_the_network", _drop("LastWordFunction", "VpcConfig")),
    ("functions_are_signed", _drop("LastWordFunction", "CodeSigningConfigArn")),
    ("buckets_are_encrypted", _set("ArtifactBucket", BucketEncryption={})),
    ("only_by_tls", lambda each: _bucket_policy(each).pop(0)),
    ("no_wildcard_principals", lambda each: _bucket_policy(each)[2].pop("Condition")),
    (
        "buckets_are_their_owners",
        _set("ArtifactBucket", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
    ),
    ("buckets_are_their_owners", _set("ArtifactBucket", PublicAccessBlockConfiguration={})),
    ("buckets_are_their_owners", _set("ArtifactBucket", VersioningConfiguration={})),
]


def _judge(documents: list[Document]) -> list[list[str]]:
    found: list[list[str]] = json.loads(
        subprocess.run(
            [prepare("audit").python, "-c", JUDGE],
            input=json.dumps(documents),
            cwd=ROOT,
            text=True,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    return found


def test_each_rule_finds_what_breaks_it() -> None:
    """A rule that finds nothing would be none: each is broken once, and found by its name."""
    sound, bucket = ([*guard.written_out(path)][-1] for path in checks.GUARDED[:2])
    documents = []
    for _, breaks in BROKEN:
        document = copy.deepcopy(sound)
        try:
            breaks(document)
        except KeyError:
            document = copy.deepcopy(bucket)
            breaks(document)
        documents.append(document)
    clean, *found = _judge([sound, *documents])
    assert clean == []
    missed = [rule for (rule, _), told in zip(BROKEN, found, strict=True) if rule not in str(told)]
    assert missed == []


def test_every_rule_is_tried() -> None:
    """A new rule comes with what breaks it."""
    text = guard.RULES.read_text("utf-8")
    rules = {line.split()[1] for line in text.splitlines() if line.startswith("rule ")}
    assert {rule for rule, _ in BROKEN} == rules


def test_a_finding_tells_place_and_mend_unless_it_is_explained() -> None:
    """What stands in a resource's Metadata, with its reason, is not found again."""
    [*_, document] = guard.written_out(checks.TEMPLATE)
    broken = copy.deepcopy(document)
    _set("StackSetDeadLetterQueue", MessageRetentionPeriod=60)(broken)
    explained = copy.deepcopy(broken)
    queue = explained["Resources"]["StackSetDeadLetterQueue"]
    queue["Metadata"] = {"guard": {"SuppressedRules": ["requests_do_not_get_lost"]}}
    [[told], nothing] = _judge([broken, explained])
    assert told.startswith("requests_do_not_get_lost: /Resources/StackSetDeadLetterQueue")
    assert told.endswith("keeps what it has for 14 days.")
    assert nothing == []
