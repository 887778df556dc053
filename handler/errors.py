"""The errors that a template author reads in CloudFormation's event list.

StackSetResourceError
├── InvalidProperties  the template asks for something that cannot be
├── StackSetExists     the name belongs to a stack set of somebody else
├── StackSetGone       somebody else has deleted the stack set meanwhile
├── TooManyDeletions   the update would delete more instances than the template allows
├── TemplateChanged    the address holds another template than the one that was meant
├── TemplateGone       the address holds nothing any more, nor is what was meant found elsewhere
├── TemplateUnreachable  S3 cannot be reached, so nobody knows what the address holds
├── OperationFailed    no operation is left to run, yet a stack is not where it should be
│   └── ImportFailed   stacks that were to join the stack set have not
├── OutOfTime          CloudFormation is about to give up waiting
├── RequestRefused     the StackSets API refused a call for good
└── AccessDenied       the function's role lacks a right

Each is an outcome, not a bug: its text becomes the reason of the FAILED answer.
Any other exception is a bug of ours and is answered with its type and message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handler.causes import OWN_STACK, mends_of

_SHOWN_PLACES = 5
_SHOWN_CAUSES = 3
_LONGEST_CAUSE = 600


class StackSetResourceError(Exception):
    """An outcome that the template author has to read."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in the properties.

    Attributes:
        path: The property as the author wrote it, such as ``StackInstances[0].Regions``.
        message: What is wrong and what to write instead, as the rest of a sentence
            that begins with the path.
        place: The way on from the path, names and numbers of entries, to what the message
            names: a property that nobody knows, a parameter that is not declared.
    """

    path: str
    message: str
    place: tuple[int | str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path} {self.message}" if self.path else self.message


_REFUSAL, _DELETIONS = "The properties have", "MaxDeletePercentage"


class InvalidProperties(StackSetResourceError):
    """The template asks for something that cannot be; nothing has been written yet."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"{_REFUSAL} a fault" if count == 1 else f"{_REFUSAL} {count} faults"
        super().__init__(f"{head}: " + " | ".join(sentence(str(each)) for each in self.faults))


def is_of_refusal(reason: str) -> bool:
    """Whether a reason in CloudFormation's events is of properties that wrote nothing."""
    return f": {_REFUSAL} " in reason or f": {_DELETIONS}: " in reason


class NotConfirmed(StackSetResourceError):
    """A request that CloudFormation does not show to be its own."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"CloudFormation does not confirm this request, so nothing was done: {why}."
        )


class StackSetGone(StackSetResourceError):
    """A stack set went away while a request was at work on it."""

    def __init__(self, stack_set_id: str) -> None:
        super().__init__(f"Stack set {stack_set_id} was deleted by somebody else meanwhile.")


class StackSetExists(StackSetResourceError):
    """The wanted name belongs to a stack set that this resource did not make."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"StackSetName: a stack set named {name!r} exists already and does not belong to this"
            " resource, so it is left alone. Choose another name, delete that stack set first, or"
            " write OnExistingStackSet: ADOPT to take it over with its instances."
        )


class TooManyDeletions(StackSetResourceError):
    """An update would delete a larger share of the instances than MaxDeletePercentage allows."""

    def __init__(self, going: Sequence[tuple[str, str]], there: int, percentage: int) -> None:
        """Take what is known of it.

        Args:
            going: Account and Region of the instances that would go.
            there: How many instances there are.
            percentage: How many of a hundred may go.
        """
        shown = first_of(["/".join(each) for each in going])
        super().__init__(
            f"{_DELETIONS}: this update would delete {len(going)} of {there} stack instances"
            f" ({shown}), which is more than {percentage} %, so nothing has been changed. If"
            " they are meant to go, write a larger MaxDeletePercentage; if not, put them back."
        )


class TemplateChanged(StackSetResourceError):
    """The TemplateURL holds another content than TemplateDigest says; it is not deployed."""

    def __init__(self, url: str, bucket: str, why: str = "") -> None:
        """Take what is known of it.

        Args:
            url: The address.
            bucket: Its bucket.
            why: Why the content that was meant is not used instead.
        """
        cause = f" ({why})" if why else ""
        super().__init__(
            f"TemplateURL: {url} now holds another content than TemplateDigest says, so nothing is"
            f" deployed from it{cause}. Put the content that was meant there, or deploy again with"
            f" what is there now. With versioning turned on, bucket {bucket} keeps each content,"
            " and a rollback finds the one it needs."
        )


class TemplateGone(StackSetResourceError):
    """The TemplateURL holds nothing any more, and what TemplateDigest names is nowhere found."""

    def __init__(self, url: str, bucket: str, why: str) -> None:
        """Take what is known of it.

        Args:
            url: The address, without secrets.
            bucket: Its bucket.
            why: Why the content that was meant is not used from elsewhere.
        """
        super().__init__(
            f"TemplateURL: nothing is at {url} any more, so nothing is deployed from it ({why})."
            " Put the content that was meant there again, or deploy again with an address that"
            f" holds a template. Bucket {bucket} has perhaps a lifecycle rule that deletes old"
            " versions too early for a rollback."
        )


class TemplateUnreachable(StackSetResourceError):
    """S3 does not answer, so nobody knows whether the template is the one that is deployed."""

    def __init__(self, url: str, attempts: int, cause: str) -> None:
        """Take what is known of it.

        Args:
            url: The address, without secrets.
            attempts: How often it was tried.
            cause: What happened the last time.
        """
        super().__init__(
            f"TemplateURL: S3 could not be reached at {url} in {attempts} attempts ({cause}), so"
            " nobody knows whether its content is deployed, and nothing is taken for done. Deploy"
            " again; if that fails, too, look at the function's way to S3: its VPC's endpoints, a"
            " proxy, or an outage."
        )


@dataclass(frozen=True)
class Failure:
    """One stack instance that is not where it should be, and why."""

    account: str
    region: str
    reason: str


class OperationFailed(StackSetResourceError):
    """An operation ended without reaching every stack.

    Attributes:
        failures: Every instance that failed by itself, for the log; the text shows the most common
            causes with their first few places.
    """

    def __init__(self, operation: str, failures: Sequence[Failure], cancelled: int = 0) -> None:
        """Take the failures of one operation.

        Args:
            operation: The end of the text: which operation it was and how it ended.
            failures: The instances that failed by themselves.
            cancelled: How many others it did not reach because of them.
        """
        self.failures = tuple(failures)
        not_reached = f"{cancelled} more cancelled." if cancelled else ""
        mends = mends_of(each.reason for each in self.failures)
        parts = (describe_failures(self.failures), *mends, not_reached, operation)
        super().__init__(" ".join(part for part in parts if part))


class ImportFailed(OperationFailed):
    """Stacks that were to join the stack set have not."""


class OutOfTime(StackSetResourceError):
    """CloudFormation is about to give up waiting for the answer."""


class RequestRefused(StackSetResourceError):
    """The StackSets API refused a call for a reason that trying again will not change."""

    def __init__(self, action: str, code: str, message: str) -> None:
        self.action, self.code = action, code
        mends = mends_of([f"{code} {message}"])
        super().__init__(" ".join((f"{action} was refused: {message} ({code}).", *mends)))


class AccessDenied(StackSetResourceError):
    """The function's own role lacks a right.

    Attributes:
        message: What the API says.
    """

    def __init__(self, action: str, message: str) -> None:
        self.message = message
        mends = mends_of([message]) or [f"Grant it to StackSetResourceRole in {OWN_STACK}."]
        head = f"The function's role lacks a right that {action} needs: {sentence(message)}"
        super().__init__(" ".join((head, *mends)))


def sentence(text: str) -> str:
    """Returns a text that ends as a sentence does."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def first_of(names: Sequence[str], most: int = _SHOWN_PLACES) -> str:
    """Returns the first of some names with commas between, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def describe_failures(failures: Iterable[Failure]) -> str:
    """The causes that hit most instances first, each with where it hit.

    Returns:
        One sentence a cause, such as ``2 stacks failed: Role exists (111111111111/us-east-1,
        222222222222/us-east-1).``; empty for no failures.
    """
    causes = places_by_cause(failures)
    sentences = [_describe_cause(*each) for each in causes[:_SHOWN_CAUSES]]
    if len(causes) > _SHOWN_CAUSES:
        rest = sum(len(places) for _, places in causes[_SHOWN_CAUSES:])
        sentences.append(f"{rest} more failed for {len(causes) - _SHOWN_CAUSES} other reasons.")
    return " ".join(sentences)


def places_by_cause(failures: Iterable[Failure]) -> list[tuple[str, list[str]]]:
    """Returns each cause with the places that it hit, the most frequent first.

    Returns:
        A reason, and ``account/region`` of each stack.
    """
    by_reason: dict[str, list[str]] = {}
    shown: dict[str, str] = {}
    for failure in failures:
        # The same cause in many places, each of which its text names, is one cause.
        reason = failure.reason.strip() or "no reason given"
        cause = shown.setdefault(_without_its_place(failure, reason), reason)
        by_reason.setdefault(cause, []).append(f"{failure.account}/{failure.region}")
    return sorted(by_reason.items(), key=lambda each: -len(each[1]))


def _without_its_place(failure: Failure, reason: str) -> str:
    names = "|".join(re.escape(each) for each in (failure.account, failure.region) if each)
    return re.sub(rf"\b({names})\b", "", reason) if names else reason


def _describe_cause(reason: str, places: list[str]) -> str:
    noun = "stack" if len(places) == 1 else "stacks"
    cause = reason.rstrip(".")
    if len(cause) > _LONGEST_CAUSE:
        cause = f"{cause[:_LONGEST_CAUSE]}..."
    return f"{len(places)} {noun} failed: {cause} ({first_of(sorted(places))})."
