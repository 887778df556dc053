"""StackSets in ministack's CloudFormation: one engine for each administrator account and Region."""

from __future__ import annotations

import json
import os
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from ministack.core import tls
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, s3

from emulator.server.deployer import StackDeployer
from emulator.server.mends import path_style
from emulator.server.organization import OrganizationFile, answer_organizations
from emulator.server.rights import authorize
from emulator.stacksets import wire
from emulator.stacksets.engine import Engine
from emulator.stacksets.errors import ApiError, ResponseLostError, invalid
from emulator.stacksets.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Mapping

_TICK_SECONDS = 0.1
_SERVICE = "cloudformation.amazonaws.com"
_S3_ERROR = (
    "S3 error: {} For more information check "
    "http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
)
_ACTIONS = (
    "CreateStackSet",
    "UpdateStackSet",
    "DeleteStackSet",
    "DescribeStackSet",
    "ListStackSets",
    "CreateStackInstances",
    "UpdateStackInstances",
    "DeleteStackInstances",
    "DescribeStackInstance",
    "ListStackInstances",
    "DescribeStackSetOperation",
    "ListStackSetOperations",
    "ListStackSetOperationResults",
    "StopStackSetOperation",
    "DetectStackSetDrift",
    "ImportStacksToStackSet",
    "ListStackSetAutoDeploymentTargets",
    "DescribeOrganizationsAccess",
)


def install(
    *,
    faults_file: str | None = None,
    organization_file: str | None = None,
    minimum_seconds: float = 0,
) -> None:
    """Answer the StackSets actions, and let time pass in the engines.

    Args:
        faults_file: JSON as `Faults.from_mapping` takes it; need not exist yet.
        organization_file: JSON as `Organization.from_mapping` takes it; None for none.
        minimum_seconds: How long a deployment takes at least.
    """
    organization = OrganizationFile(Path(organization_file) if organization_file else None)
    if organization.organization is not None:
        answer_organizations(organization.organization)
    service = StackSets(Path(faults_file) if faults_file else None, organization, minimum_seconds)
    handlers = cloudformation._ACTION_HANDLERS  # noqa: SLF001
    handlers.update(dict.fromkeys(_ACTIONS, service.answer))
    threading.Thread(target=service.run, daemon=True).start()


class StackSets:
    """The engines of all accounts and Regions, on the wall clock.

    Args:
        faults_file: Where the faults are, or None.
        organization: Where the organization is.
        minimum_seconds: How long a deployment takes at least.
    """

    def __init__(
        self, faults_file: Path | None, organization: OrganizationFile, minimum_seconds: float
    ) -> None:
        self._faults_file = faults_file
        self._organization = organization
        self._faults_read_at = 0
        self._minimum_seconds = minimum_seconds
        self._faults = Faults()
        self._engines: dict[tuple[str, str], Engine] = {}
        # The engines are plain data: calls come from the gateway, time from `run`.
        self._lock = threading.RLock()

    def answer(self, params: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        """Answer one request of the Query protocol, in the caller's account and Region."""
        # A new mapping each time: the gateway adds its own headers to it.
        headers = {"Content-Type": "text/xml"}
        try:
            action, parameters = wire.parse_request(params)
            with self._lock:
                self._read_files()
                engine = self._engine()
                _check_other_rights(engine, action, parameters)
                result = engine.call(action, parameters)
        except ApiError as error:
            status, body = wire.render_error(error)
        except ResponseLostError:
            lost = ApiError("ServiceUnavailable", "Service is unable to handle request.", 503)
            status, body = wire.render_error(lost)
        else:
            status, body = 200, wire.render_result(action, result)
        return status, headers, body

    def run(self) -> None:
        """Let time pass, for ever."""
        while True:
            time.sleep(_TICK_SECONDS)
            with self._lock:
                self._read_files()
                for engine in self._engines.values():
                    engine.run_until(time.time())

    def _engine(self) -> Engine:
        account, region = get_account_id(), get_region()
        if (account, region) not in self._engines:
            port = os.environ["GATEWAY_PORT"]
            certificate, _ = tls.resolve_tls_material()
            deployer = StackDeployer(
                f"https://127.0.0.1:{port}",
                certificate,
                account=account,
                region=region,
                minimum_seconds=self._minimum_seconds,
            )
            self._engines[account, region] = Engine(
                now=time.time,
                deployer=deployer,
                account=account,
                region=region,
                fetch_template=_fetch_template,
                organization=self._organization.organization,
                faults=self._faults,
                # Engines must not deploy stacks of the same name into one account.
                seed=zlib.crc32(f"{account}{region}".encode()),
            )
        return self._engines[account, region]

    def _read_files(self) -> None:
        self._read_faults()
        self._organization.refresh(self._engines.values())

    def _read_faults(self) -> None:
        """Take over what the file says now; a rule that counts starts anew with each writing."""
        if self._faults_file is None or not self._faults_file.exists():
            return
        written_at = self._faults_file.stat().st_mtime_ns
        if written_at != self._faults_read_at:
            self._faults_read_at = written_at
            rules = Faults.from_mapping(json.loads(self._faults_file.read_text("utf-8")))
            vars(self._faults).update(vars(rules))


def _check_other_rights(engine: Engine, action: str, parameters: Mapping[str, Any]) -> None:
    """Check what a call needs beside the right to its own action.

    Handing the administration role to CloudFormation takes `iam:PassRole` on it; new tags take
    `TagResource`, and tags that are left out of an update `UntagResource`.
    """
    if action not in {"CreateStackSet", "UpdateStackSet"}:
        return
    if role := parameters.get("AdministrationRoleARN"):
        authorize("iam:PassRole", "iam", role, {"iam:PassedToService": _SERVICE})
    name = parameters["StackSetName"]
    known = engine.stack_sets.active(name) if action == "UpdateStackSet" else None
    present = known.configuration.tags if known else {}
    wanted = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    identity = name if ":" in name else f"{name}:*"
    arn = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stackset/{identity}"
    if wanted.items() - present.items():
        authorize("cloudformation:TagResource", "cloudformation", arn)
    if "Tags" in parameters and present.keys() - wanted.keys():
        authorize("cloudformation:UntagResource", "cloudformation", arn)


def _fetch_template(url: str) -> str:
    """Read a template from S3 with the caller's rights, as CloudFormation does."""
    address = urlsplit(path_style(url))
    bucket, _, key = unquote(address.path).lstrip("/").partition("/")
    version = parse_qs(address.query).get("versionId", [None])[0]
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    try:
        authorize(action, "s3", f"arn:aws:s3:::{bucket}/{key}")
    except ApiError as denied:
        raise invalid(_S3_ERROR.format("Access Denied")) from denied
    body: bytes | None = s3._get_object_data(bucket, key, version)  # noqa: SLF001
    if body is None:
        raise invalid(_S3_ERROR.format("The specified key does not exist."))
    return body.decode("utf-8")
