"""What AWS says where a stack or a call fails for a reason that is well known, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

OWN_STACK = "the stack that exports StackSetCustomResource"
"""Where the function's own role and parameters are."""

_EXECUTION_ROLE = (
    "In each account that is named, make the role {0} and let the role {1} of the stack set's"
    " account assume it (examples/roles/ has both), or name another in ExecutionRoleName or"
    " AdministrationRoleARN."
)
_ADMINISTRATION_ROLE = (
    "In the stack set's own account, make the role {0} and let cloudformation.amazonaws.com assume"
    " it (examples/roles/ has it), or name another in AdministrationRoleARN."
)
_PASSED_ROLE = (
    "Add the name of the role, with its path, to the parameter AdministrationRoleNames"
    f" in {OWN_STACK}: the function may pass no others."
)
_IMPORTS = f"Set the parameter ImportStacks to true in {OWN_STACK}."
_NO_SUCH_STACK = (
    "See that each id in ImportStacks is the full id of a stack that is there, and that the"
    " execution role of its account can read it."
)
_NO_SUCH_ROLE = (
    "See that AdministrationRoleARN names a role that exists in the stack set's account and that"
    " cloudformation.amazonaws.com may assume."
)
_REGION = (
    "Enable the Region in the accounts that are named (Account, AWS Regions in the console; it"
    " takes minutes), or take it out of their group's Regions."
)
_TRUSTED_ACCESS = (
    "In the organization's management account, run aws cloudformation"
    " activate-organizations-access once, or enable trusted access in the console of StackSets."
)
_DELEGATED_ADMINISTRATOR = (
    "In the organization's management account, register the function's account (aws organizations"
    " register-delegated-administrator --service-principal"
    " member.org.stacksets.cloudformation.amazonaws.com --account-id ACCOUNT) and write CallAs:"
    " DELEGATED_ADMIN; a function that is in the management account leaves CallAs out."
)
_TEMPLATE = (
    "See that TemplateURL names an object in S3 that the function may read: the parameter"
    f" TemplateBuckets in {OWN_STACK} has to name its bucket, TemplateBucketAccounts"
    " the bucket's account if it is another, and the bucket to let this account in."
)

# The first that is found counts; what its groups find is put into the mend.
_MENDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), mend)
    for pattern, mend in (
        (
            r"should have '([^']+)' role with trust relationship to Role '([^']+)'",
            _EXECUTION_ROLE,
        ),
        (
            r"should have '([^']+)' role with trust relationship to CloudFormation",
            _ADMINISTRATION_ROLE,
        ),
        (r"iam:PassRole", _PASSED_ROLE),
        (r"cloudformation:(?:ImportStacksToStackSet|GetTemplate)\b", _IMPORTS),
        (r"^StackNotFoundException", _NO_SUCH_STACK),
        (r"role\S* (?:is invalid or|cannot be assumed)|cannot assume role", _NO_SUCH_ROLE),
        (r"\bregion\b.{0,60}\b(?:not enabled|disabled)", _REGION),
        (r"sts is not activated|security token included in the request is invalid", _REGION),
        (r"InvalidClientTokenId|OptInRequired", _REGION),
        (r"must enable organizations access|trusted access", _TRUSTED_ACCESS),
        (r"delegated admin", _DELEGATED_ADMINISTRATOR),
        (r"requires capabilities", "Write what is missing into Capabilities."),
        (r"\] must have values", "Write a value for each under Parameters."),
        (r"do not exist in the template", "Take them out, or write them as the template does."),
        (r"s3 error|TemplateURL must|valid s3 domain", _TEMPLATE),
    )
)


def mends_of(texts: Iterable[str]) -> list[str]:
    """What to do about what AWS says, once for each cause that is known here.

    Args:
        texts: Reasons of stacks and messages of calls.
    """
    found: dict[str, None] = {}
    for text in dict.fromkeys(texts):
        for pattern, mend in _MENDS:
            match = pattern.search(text)
            if match:
                found[mend.format(*match.groups())] = None
                break
    return list(found)
