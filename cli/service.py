"""AWS as the command sees it: clients, and what goes wrong in one line with its mend."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from cli.trouble import Trouble
from handler.causes import mends_of
from handler.errors import AccessDenied, StackSetResourceError, sentence
from handler.gateway.stacksets import StackSets
from handler.values.addresses import without_queries

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_CONFIG = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}
)
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}


@dataclass(frozen=True)
class Service:
    """Where to ask.

    Attributes:
        profile: A profile of the AWS CLI; None for the default.
        region: The Region; None for that of the profile.
        endpoint: Another address of the API; None for AWS's own.
    """

    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None

    def session(self) -> boto3.Session:
        """Returns what makes clients."""
        return boto3.Session(profile_name=self.profile, region_name=self.region)

    def cloudformation(self) -> CloudFormationClient:
        """Returns CloudFormation's client."""
        return self.session().client("cloudformation", endpoint_url=self.endpoint, config=_CONFIG)

    def stack_sets(self, call_as: str) -> StackSets:
        """Returns the stack sets of the account and Region.

        Args:
            call_as: SELF or DELEGATED_ADMIN.
        """
        gateway = StackSets(self.cloudformation(), time.sleep, _allow)
        gateway.call_as = call_as
        return gateway


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Turns what AWS and its library say into Trouble.

    Raises:
        Trouble: Something went wrong.
    """
    try:
        yield
    except AccessDenied as error:
        message = f"These credentials lack a right: {sentence(error.message)} Ask for it, or use"
        msg = f"{message} another --profile."
        raise Trouble(msg) from error
    except StackSetResourceError as error:
        cause = error.__cause__
        is_of_library = isinstance(cause, BotoCoreError | ClientError)
        raise Trouble(_line(cause) if is_of_library else str(error)) from error  # type: ignore[arg-type]
    except (BotoCoreError, ClientError) as error:
        raise Trouble(_line(error)) from error


def _allow() -> None:
    """Lets every write through: nobody but the user decides."""


def _line(error: BotoCoreError | ClientError) -> str:
    text = sentence(" ".join(without_queries(str(error)).split()))
    return f"{text} {_mend(error)}".strip()


def _mend(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXPIRED:
            return "Log in again (aws sso login, or renew the credentials)."
        if code in _UNKNOWN:
            return "Check the credentials (aws sts get-caller-identity) and the Region."
        return " ".join(mends_of([f"{code} {error}"]))
    for kinds, mend in _MENDS:
        if isinstance(error, kinds):
            return mend
    return ""


_MENDS: tuple[tuple[type[BotoCoreError] | tuple[type[BotoCoreError], ...], str], ...] = (
    (
        (NoCredentialsError, PartialCredentialsError),
        "Give credentials: --profile, or the AWS_ variables; aws configure sets a profile up.",
    ),
    (NoRegionError, "Give a Region: --region, or AWS_REGION."),
    (ProfileNotFound, "aws configure list-profiles shows those there are."),
    ((SSOError, TokenRetrievalError), "Log in again: aws sso login."),
    (
        EndpointConnectionError,
        (
            "See that the Region exists, that the network is there, and what --endpoint-url and"
            " AWS_ENDPOINT_URL say."
        ),
    ),
)
