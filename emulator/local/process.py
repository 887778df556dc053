"""Runs ministack with our parts as a process of its own, and ends it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0


class GatewayError(Exception):
    """The local AWS did not start."""


class Gateway:
    """A local AWS on a free port of the loopback interface, ended with the `with` block.

    Args:
        python: The Python of the environment that holds ministack.
        folder: Takes the certificate, the log and whatever the functions write.
        auth: Whether IAM policies are enforced.
        minimum_seconds: How long a deployment of one stack instance takes at least.
        retry_seconds: The first pause before Lambda retries an asynchronous invocation.
        rollbacks_are_operations: Whether a rollback that CloudFormation starts by itself has an
            OperationId of its own; documentation does not say so.
        account_concurrency: How many functions run at the same moment in all accounts together, as
            a new account's ten; None for as many as this machine bears.
        throttled_messages_return: Whether a queue's message that Lambda throttles goes back until
            its visibility ends, as is reported; the documentation says that Lambda keeps it and
            tries again until then.
        organization: The organization of all accounts as `emulator.stacksets.organization` reads
            it; None for none.
    """

    def __init__(  # noqa: PLR0913 - how an AWS may differ
        self,
        python: Path,
        folder: Path,
        *,
        auth: bool = True,
        minimum_seconds: float = 0,
        retry_seconds: float = 0.2,
        rollbacks_are_operations: bool = False,
        account_concurrency: int | None = None,
        throttled_messages_return: bool = False,
        organization: Mapping[str, Any] | None = None,
    ) -> None:
        self._python = python
        self._folder = folder
        self._auth = auth
        self._minimum_seconds = minimum_seconds
        self._retry_seconds = retry_seconds
        self._rollbacks_are_operations = rollbacks_are_operations
        self._account_concurrency = account_concurrency
        self._throttled_messages_return = throttled_messages_return
        self._organization = organization
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def endpoint(self) -> str:
        """URL of the gateway."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The file that vouches for the gateway."""
        return self._certificates / "server.crt"

    @property
    def log(self) -> Path:
        """What the process and the functions wrote."""
        return self._folder / "local-aws.log"

    @property
    def _certificates(self) -> Path:
        return self._folder / "certificates"

    @property
    def _faults(self) -> Path:
        return self._folder / "faults.json"

    @property
    def _organization_file(self) -> Path:
        return self._folder / "organization.json"

    @property
    def _iam_log(self) -> Path:
        return self._folder / "iam.jsonl"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._organization is not None:
            self.set_organization(self._organization)
        self.port = _free_port()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own launcher
                [self._python, "-m", "emulator.server"],
                cwd=self._folder,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _environment(self) -> dict[str, str]:
        # Built from nothing: ministack gives its certificate to the functions only
        # where the caller's AWS, TLS and proxy variables do not interfere.
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        if self._account_concurrency is not None:
            kept["LAMBDA_ACCOUNT_CONCURRENCY"] = str(self._account_concurrency)
        return kept | {
            "AUTH": str(self._auth).lower(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(self._retry_seconds),
            "LOCAL_AWS_CERTIFICATES": str(self._certificates),
            "LOCAL_AWS_DIES_WITH_PARENT": "1",
            "LOCAL_AWS_FAULTS": str(self._faults),
            "LOCAL_AWS_IAM_LOG": str(self._iam_log),
            "LOCAL_AWS_MINIMUM_SECONDS": str(self._minimum_seconds),
            "LOCAL_AWS_ORGANIZATION": ""
            if self._organization is None
            else str(self._organization_file),
            "LOCAL_AWS_ROLLBACKS_ARE_OPERATIONS": "1" if self._rollbacks_are_operations else "",
            "LOCAL_AWS_THROTTLED_MESSAGES_RETURN": "1" if self._throttled_messages_return else "",
            "PYTHONPATH": str(_ROOT),
            "TMPDIR": str(self._folder),
            "USE_SSL": "1",
        }

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with contextlib.suppress(OSError, ssl.SSLError):
                trust = ssl.create_default_context(cafile=self.certificate)
                url = f"{self.endpoint}/_ministack/health"
                with urllib.request.urlopen(url, timeout=2, context=trust):  # noqa: S310 - ours
                    return
            time.sleep(0.05)
        message = f"The local AWS did not start; its log ends:\n{_tail(self.log)}"
        raise GatewayError(message)

    def stop(self) -> None:
        """End the process and every function that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        # Nothing in it outlives it, so there is nothing to end gently; the
        # functions' processes belong to the same group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()

    def set_faults(self, faults: Mapping[str, Any]) -> None:
        """Make StackSets fail from now on, as `emulator.stacksets.faults` describes; {} heals."""
        _replace(self._faults, faults)

    def set_organization(self, organization: Mapping[str, Any]) -> None:
        """Let accounts come, move, leave and end; there must have been an organization before."""
        _replace(self._organization_file, organization)

    def iam_actions(self) -> list[dict[str, Any]]:
        """Return what was evaluated: principal, action, resource and whether it was allowed."""
        if not self._iam_log.exists():
            return []
        return [json.loads(line) for line in self._iam_log.read_text("utf-8").splitlines()]


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file that is read at any moment."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(path: Path, lines: int = 20) -> str:
    return "\n".join(path.read_text("utf-8", errors="replace").splitlines()[-lines:])
