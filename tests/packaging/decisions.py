"""What IAM would decide about what the roles of template.yaml may do."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools import template
from tools.environments import ROOT, prepare

ACCOUNT = template.PSEUDO_PARAMETERS["AWS::AccountId"]
REGION = template.PSEUDO_PARAMETERS["AWS::Region"]
_TEMPLATE = template.load(ROOT / "template.yaml")

# The local AWS enforces by this evaluator; its own simulation passes over conditions.
_EVALUATE = """
import json, sys
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document
for each in json.load(sys.stdin):
    policy = parse_policy_document({"Version": "2012-10-17", "Statement": each.pop("statements")})
    print(evaluate(EvalContext(principal_type="AssumedRole", **each), [policy]).decision)
"""


@dataclass(frozen=True)
class Try:
    """Something that a role tries.

    Attributes:
        action: The action.
        resource: The ARN; resources of the stack itself are `LogicalId.Arn`.
        given: Parameters other than the defaults.
        role: Logical id of the role.
        keys: Condition keys that the service sends, in small letters.
        owner: The account that has the resource, where its ARN does not tell.
    """

    action: str
    resource: str
    given: Mapping[str, Any] = field(default_factory=dict)
    role: str = "StackSetResourceRole"
    keys: Mapping[str, str] = field(default_factory=dict)
    owner: str = ACCOUNT


def decide(tries: Sequence[Try]) -> list[str]:
    """Return Allow, Deny or ImplicitDeny for each."""
    asked = [
        {
            "statements": template.policies(_TEMPLATE, each.given)[each.role],
            "principal_arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{each.role}/session",
            # By which the evaluator knows the account of a bucket.
            "principal_account": each.owner,
            "action": each.action,
            "resource_arn": each.resource,
            "region": REGION,
            "service_context": dict(each.keys),
        }
        for each in tries
    ]
    return subprocess.run(
        [prepare("emulator").python, "-c", _EVALUATE],
        input=json.dumps(asked),
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout.split()
