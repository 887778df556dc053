"""The organization of the local AWS: from a file, for StackSets and for who asks Organizations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import organizations

from emulator.stacksets.engine import Engine
from emulator.stacksets.errors import ApiError
from emulator.stacksets.organization import Organization
from emulator.stacksets.organizations import ACTIONS, Organizations

_JSON = "application/x-amz-json-1.1"


class OrganizationFile:
    """An organization as a file says, read again whenever it changes.

    Args:
        path: JSON as `Organization.from_mapping` takes it; None for no organization.

    Attributes:
        organization: What it says now, one object for ever; None without a file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._written_at = 0
        self.organization: Organization | None = None
        if path is not None:
            self.organization = self._read(path)

    def refresh(self, engines: Iterable[Engine]) -> None:
        """Take over what the file says now, and let the engines act on who came, moved and left."""
        if self._path is None or self.organization is None:
            return
        if self._path.stat().st_mtime_ns == self._written_at:
            return
        before = {each: self.organization.units_of(each) for each in self.organization.members}
        vars(self.organization).update(vars(self._read(self._path)))
        for account in {**before, **self.organization.members}:
            was = before.get(account, [])
            if was != self.organization.units_of(account):
                for engine in engines:
                    engine.follow(account, was)

    def _read(self, path: Path) -> Organization:
        self._written_at = path.stat().st_mtime_ns
        return Organization.from_mapping(json.loads(path.read_text("utf-8")))


def answer_organizations(organization: Organization) -> None:
    """Have ministack's Organizations tell of this one, where it is only read.

    Its own has one account to an organization, and lets every account manage one.
    """

    def answer(action: str, asked: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
        try:
            status, body = 200, Organizations(organization, get_account_id()).call(action, asked)
        except ApiError as error:
            status, body = error.status, {"__type": error.code, "Message": error.message}
        return status, {"Content-Type": _JSON}, json.dumps(body).encode()

    for action in ACTIONS:
        organizations._DISPATCH[action] = (  # noqa: SLF001
            lambda asked, action=action: answer(action, asked)
        )
