"""The lists of accounts behind AccountsUrl: one account a line, or separated by commas."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import StackSetResourceError
from handler.gateway.retry import backoff_intervals, is_transient
from handler.values.addresses import locate, without_queries

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_BYTES = 10 * 1024 * 1024
_ATTEMPTS = 4
_ACCOUNT = re.compile(r"[0-9]{12}")
_SEPARATOR = re.compile(r"[\s,;]+")


class AccountLists:
    """Reads lists of accounts in S3.

    Args:
        s3: Gives the client; called only where there is a list.
        sleep: Waits for so many seconds before S3 is asked again.
    """

    def __init__(self, s3: Callable[[], S3Client], sleep: Callable[[float], None]) -> None:
        self._s3 = s3
        self._sleep = sleep

    def read(self, url: str) -> frozenset[str]:
        """Returns the accounts in a list.

        Args:
            url: Its https address in S3.

        Raises:
            StackSetResourceError: It cannot be read, or is no list of accounts.
        """
        place = locate(url)
        shown = without_queries(url)
        if place is None:
            message = f"AccountsUrl {shown} is not in S3: write the https:// address of an object."
            raise StackSetResourceError(message)
        return _accounts(self._fetch(place, shown), shown)

    def _fetch(self, place: dict[str, str], shown: str) -> bytes:
        intervals = backoff_intervals()
        attempt = 1
        while True:
            try:
                answer = self._s3().get_object(**place)  # type: ignore[arg-type]
                return answer["Body"].read(_MOST_BYTES + 1)
            except (BotoCoreError, ClientError) as error:
                if attempt == _ATTEMPTS or not is_transient(error):
                    cause = without_queries(str(error))
                    message = f"AccountsUrl {shown} cannot be read: {cause}."
                    raise StackSetResourceError(message) from error
            self._sleep(next(intervals))
            attempt += 1


def _accounts(content: bytes, shown: str) -> frozenset[str]:
    if len(content) > _MOST_BYTES:
        message = f"AccountsUrl {shown} holds more than 10 MB: write a shorter list."
        raise StackSetResourceError(message)
    words = [each for each in _SEPARATOR.split(content.decode("utf-8-sig", "replace")) if each]
    accounts = [each.strip("\"'") for each in words]
    wrong = next((each for each in accounts if not _ACCOUNT.fullmatch(each)), None)
    if wrong is not None:
        message = (
            f"AccountsUrl {shown} holds {wrong[:20]!r}: write the 12 digits of account ids, one a"
            " line or separated by commas."
        )
        raise StackSetResourceError(message)
    if not accounts:
        message = f"AccountsUrl {shown} is an empty list: leave the group out if you mean nobody."
        raise StackSetResourceError(message)
    return frozenset(accounts)
