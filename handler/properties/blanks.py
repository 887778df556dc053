"""Lists of which nothing is left but gaps: does an author mean none, or has a parameter come empty?

``AWS::NoValue`` takes a member or an entry away, so an absent list, an empty one and a null are
meant. An empty text is what ``Ref`` makes of an empty parameter, and ``[""]`` what it makes of an
empty list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handler.errors import Fault
from handler.properties.fields import is_blank
from handler.properties.mending import mend
from handler.properties.permissions import GROUP_LISTS
from handler.values.targets import Target


@dataclass(frozen=True)
class Blank:
    """A group, or a whole list of groups, that names no instances for want of entries.

    Attributes:
        path: What is blank, such as ``StackInstances[0].Accounts``.
        holder: The group, or the list, in which it is; the same where that is blank itself.
        content: What the author wrote there.
        beside: The Regions of a group without accounts, or the accounts of one without Regions.
    """

    path: str
    holder: str
    content: object
    beside: frozenset[str] = frozenset()

    def warning(self) -> str:
        """Returns a sentence for the log and the answer."""
        return f"{self.path} is blank, so {self.holder} names no instances."

    def fault(self, lost: int) -> Fault:
        """Returns why an update is refused in which that many instances would go with it."""
        noun = "stack instance" if lost == 1 else "stack instances"
        message = (
            f"is blank now, which would delete {lost} {noun}: fill it in again, or, if they are"
            f" meant to go, leave {self.holder} out or write AWS::NoValue in its place"
        )
        return Fault(self.path, message)


def find_blanks(raw: Mapping[str, Any]) -> Iterator[Blank]:
    """Yields everything that is blank, in the order in which it is read."""
    for name in GROUP_LISTS:
        groups = raw.get(name)
        if groups == "":
            yield Blank(name, name, groups)
        for index, group in enumerate(groups if isinstance(groups, list) else ()):
            yield from _blanks_of_entry(f"{name}[{index}]", group)


def find_losses(raw: Mapping[str, Any], old: Mapping[str, Any]) -> list[Fault]:
    """What has become blank where instances stood that nothing else names by now.

    A blank that stood in the old properties as well has taken nothing away. Of the others each is
    refused that has the place of a group which lost instances, or may be a group of which none is
    left: one that is simply gone while nothing has become blank was taken out on purpose.

    Args:
        raw: The new properties.
        old: The old ones.
    """
    blanks = list(find_blanks(raw))
    if not blanks:
        return []
    wanted = {target for _, group in mend(raw)[0].groups() for target in group.targets()}
    named = {path: set(group.targets()) for path, group in mend(old)[0].groups()}
    lost = {path: targets - wanted for path, targets in named.items() if targets - wanted}
    gone = {path: targets for path, targets in lost.items() if targets == named[path]}
    faults = []
    for blank in _new_blanks(blanks, list(find_blanks(old)), gone):
        victims = set().union(*gone.values(), lost.get(blank.holder, set()))
        if victims:
            faults.append(blank.fault(len(victims)))
    return faults


def _blanks_of_entry(path: str, group: object) -> Iterator[Blank]:
    if isinstance(group, str) and not group.strip():
        yield Blank(path, path, group)
    if not isinstance(group, dict):
        return
    native = group.get("DeploymentTargets")
    inner = native.get("Accounts") if isinstance(native, dict) else None
    accounts = group.get("Accounts") or inner
    name = "Accounts" if group.get("Accounts") else "DeploymentTargets.Accounts"
    if _is_blank_list(accounts):
        yield Blank(f"{path}.{name}", path, group, _names(group.get("Regions")))
    elif _is_blank_list(group.get("Regions")):
        yield Blank(f"{path}.Regions", path, group, _names(accounts))


def _is_blank_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(is_blank(each) for each in value)


def _names(value: object) -> frozenset[str]:
    entries = value if isinstance(value, list) else []
    return frozenset(str(each).strip() for each in entries if not is_blank(each))


def _new_blanks(
    blanks: list[Blank], old_blanks: list[Blank], gone: Mapping[str, set[Target]]
) -> Iterator[Blank]:
    """Yields those that have become blank.

    A blank of the same content was there before, wherever it stood. What had its place was blank
    before is one still, unless it looks like a group that is gone.
    """
    contents = [each.content for each in old_blanks]
    places = {each.holder for each in old_blanks}
    for blank in blanks:
        if blank.content in contents:
            contents.remove(blank.content)
        elif blank.holder not in places or _is_like(blank, gone):
            yield blank


def _is_like(blank: Blank, gone: Mapping[str, set[Target]]) -> bool:
    """Whether what is left of a group is what is known of one that is gone."""
    return any(
        blank.beside in (frozenset(each.region for each in targets), _accounts(targets))
        for targets in gone.values()
    )


def _accounts(targets: set[Target]) -> frozenset[str]:
    return frozenset(each.account for each in targets)
