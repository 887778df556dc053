"""Who deploys where: what stands in the way of the first call is told as what it is."""

import re
from dataclasses import replace
from typing import NamedTuple

from tools.aws import Aws, AwsError
from tools.standing import DeployFailed

_UNREACHED = re.compile(
    r"could not connect|connect timeout|read timeout|connection was closed|proxy|ssl validation"
    r"|no route|name or service not known|unable to reach",
    re.IGNORECASE,
)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")
# A service answers with one of these to credentials of an account that has not enabled the Region.
_UNKNOWN_TOKENS = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"}
# Each partition's Region that has been there from its beginning, and is enabled everywhere.
_HOMES = {"cn": "cn-north-1", "us-gov": "us-gov-west-1"}
_HOME = "us-east-1"
_QUICKLY = ("--cli-connect-timeout", "5", "--cli-read-timeout", "20")


class Caller(NamedTuple):
    """Whoever deploys: the account, and the ARN of the user, or of the session of a role."""

    account: str
    arn: str


def find(aws: Aws) -> Caller:
    """Return who deploys.

    Raises:
        DeployFailed: There is no such Region, no way to AWS, or nobody who may.
    """
    if not _REGION.fullmatch(aws.region):
        msg = f"'{aws.region}' is no Region: write one like eu-west-1."
        raise DeployFailed(msg)
    try:
        return _ask(aws)
    except AwsError as error:
        raise DeployFailed(_explain(aws, error)) from error


def _explain(aws: Aws, error: AwsError) -> str:
    unreached = not error.code and _UNREACHED.search(error.text)
    if unreached:
        if _answers(aws):
            return (
                f"Region {aws.region} does not exist, or your network keeps you from it: AWS "
                f"answers elsewhere ({error}). See that the Region is spelled right."
            )
        return (
            f"AWS cannot be reached: {error}. See to your network, to HTTPS_PROXY if there is a "
            "proxy, and to AWS_CA_BUNDLE if it has a certificate of its own."
        )
    if error.code in _UNKNOWN_TOKENS and _answers(aws, usable=True):
        return (
            f"Your credentials are good elsewhere, so Region {aws.region} is not enabled in your "
            "account: aws account enable-region --region-name " + aws.region
        )
    if "config profile" in error.text:
        return f"{error}. aws configure list-profiles names those that there are."
    return (
        f"No usable AWS credentials: {error}. Log in (aws configure, aws sso login) or name a "
        "profile: ./build.sh deploy REGION PROFILE."
    )


def _answers(aws: Aws, *, usable: bool = False) -> bool:
    """Whether AWS answers in a Region that is surely there, and perhaps takes the credentials."""
    home = next((each for begin, each in _HOMES.items() if aws.region.startswith(begin)), _HOME)
    if home == aws.region:
        return False
    try:
        _ask(replace(aws, region=home))
    except AwsError as error:
        return bool(error.code) and not usable
    return True


def _ask(aws: Aws) -> Caller:
    found = aws("sts", "get-caller-identity", *_QUICKLY)
    return Caller(found["Account"], found["Arn"])
