"""A local AWS of several accounts, and what is deployed into it: the rig of demo and tests."""

from __future__ import annotations

import contextlib
import http.client
import json
import platform
import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from emulator.local.process import Gateway
from emulator.local.stacks import StackOperation, StackOutcome, Watch

ADMINISTRATOR = "111111111111"
HOME_REGION = "eu-west-1"
PROVIDER_STACK = "StackSetCustomResource"

_ROOT = Path(__file__).resolve().parents[2]


class LocalAWS(Gateway):
    """A local AWS for as long as a `with` block lasts; takes what `Gateway` takes."""

    def __enter__(self) -> Self:
        self._session = boto3.Session()
        self._clients: dict[tuple[str, str, str], Any] = {}
        return super().__enter__()

    def client(
        self,
        service: str,
        account: str = ADMINISTRATOR,
        region: str = HOME_REGION,
        credentials: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """Return a boto3 client of the account's root in the Region, or of other credentials."""
        known = credentials or {"aws_access_key_id": account, "aws_secret_access_key": "test"}
        key = (service, known["aws_access_key_id"], region)
        if key not in self._clients:
            make: Any = self._session.client
            self._clients[key] = make(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                verify=str(self.certificate),
                **known,
                config=Config(
                    s3={"addressing_style": "path"},
                    # A proxy of the surroundings has no way to the loopback interface.
                    proxies={},
                    retries={"total_max_attempts": 2},
                ),
            )
        return self._clients[key]

    def command_line(self) -> dict[str, str]:
        """Return the variables that lead the AWS CLI here; credentials come besides."""
        return {
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_ENDPOINT_URL": self.endpoint,
            "NO_PROXY": "127.0.0.1",
        }

    def tell_request(self, event: Mapping[str, Any], physical_id: str | None = None) -> None:
        """Let CloudFormation show a request of an event that it has not sent.

        Args:
            event: As CloudFormation sends it; its stack is made if missing.
            physical_id: What the request was answered with; None while it is under way.
        """
        body = json.dumps({"event": event, "physicalId": physical_id})
        trust = ssl.create_default_context(cafile=str(self.certificate))
        with contextlib.closing(
            http.client.HTTPSConnection(urlsplit(self.endpoint).netloc, context=trust)
        ) as connection:
            connection.request("PUT", "/_ministack/cfn-request", body)
            if (status := connection.getresponse().status) != http.HTTPStatus.OK:
                message = f"the local AWS was told of a request in vain: HTTP {status}"
                raise RuntimeError(message)

    def function_logs(self, function_name: str, account: str = ADMINISTRATOR) -> list[str]:
        """Return the lines that a function logged."""
        logs = self.client("logs", account)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function_name}"
        )
        try:
            return [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []

    def upload(self, bucket: str, key: str, body: bytes, account: str = ADMINISTRATOR) -> str:
        """Put an object into a bucket, which is made if missing; return its URL."""
        s3 = self.client("s3", account)
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME_REGION}
            )
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"https://{bucket}.s3.{HOME_REGION}.amazonaws.com/{key}"

    def deploy(  # noqa: PLR0913 - what a stack is made of, and where
        self,
        stack_name: str,
        template: str | Path,
        parameters: Mapping[str, str] | None = None,
        *,
        account: str = ADMINISTRATOR,
        region: str = HOME_REGION,
        watch: Watch | None = None,
    ) -> StackOutcome:
        """Create or update a stack and wait until it has settled.

        Args:
            stack_name: Name of the stack; one whose creation failed is made anew.
            template: The template's text, or the path of its file.
            parameters: The template's parameters.
            account: The account that owns the stack.
            region: Its Region.
            watch: Called again and again while the operation runs, with its new events.
        """
        client = self.client("cloudformation", account, region)
        body = template.read_text("utf-8") if isinstance(template, Path) else template
        return StackOperation(client, stack_name, watch).deploy(body, parameters or {})

    def delete(
        self,
        stack_name: str,
        *,
        account: str = ADMINISTRATOR,
        region: str = HOME_REGION,
        watch: Watch | None = None,
    ) -> StackOutcome:
        """Delete a stack, which must exist, and wait until it is gone."""
        client = self.client("cloudformation", account, region)
        return StackOperation(client, stack_name, watch).delete()

    def make_roles(
        self, members: Iterable[str], names: Mapping[str, str] | None = None, suffix: str = ""
    ) -> str:
        """Deploy the two roles of self-managed StackSets.

        Args:
            members: The accounts that get the execution role.
            names: Parameters of both templates, for roles other than the default ones.
            suffix: Tells the stacks of such roles from those of the default ones.

        Returns:
            The administration role's ARN.
        """
        roles = _ROOT / "examples" / "roles"
        parameters = {"AdministratorAccountId": ADMINISTRATOR, **(names or {})}
        for member in members:
            self.deploy(
                f"stacksets-execution{suffix}",
                roles / "execution.yaml",
                parameters,
                account=member,
            ).require()
        made = self.deploy(
            f"stacksets-administration{suffix}", roles / "administration.yaml", names
        ).require()
        return made.outputs["AdministrationRoleArn"]

    def deploy_provider(
        self,
        bundle: Path,
        template: str | Path,
        parameters: Mapping[str, str] | None = None,
        stack_name: str = PROVIDER_STACK,
    ) -> StackOutcome:
        """Deploy the function's own stack from its built bundle.

        Args:
            bundle: The zip file.
            template: The provider's template, or its text.
            parameters: Its parameters; the architecture is this machine's.
            stack_name: Name of the stack.
        """
        text = template.read_text("utf-8") if isinstance(template, Path) else template
        bucket, key = f"provider-artifacts-{ADMINISTRATOR}", bundle.name
        self.upload(bucket, key, bundle.read_bytes())
        text = re.sub(r"(?m)^(\s*CodeUri:).*$", rf"\1 s3://{bucket}/{key}", text)
        architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
        return self.deploy(
            stack_name, text, {"Architecture": architecture, **(parameters or {})}
        ).require()
