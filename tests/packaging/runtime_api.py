"""Run a bundle as Lambda does: AWS's own runtime client against a small Runtime API.

The client lies in an environment that holds nothing else, so what a bundle lacks is missing.
"""

import json
import os
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ROOT / ".tools" / "lambda" / "bin" / "python"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111111111111:function:main"
_INVOCATION = "/2018-06-01/runtime/invocation"


@dataclass(frozen=True)
class Result:
    """How an invocation ended.

    Attributes:
        kind: "response", "error" (the handler raised), "init" (it could not be loaded), "exit"
            (the process died) or "timeout".
        payload: What the function returned, or the error's type, message and trace.
        log: Everything that it wrote.
        seconds: From the start of the process to the answer.
    """

    kind: str
    payload: Any
    log: str
    seconds: float


@dataclass
class _Invocation:
    event: Any
    timeout: float
    answer: tuple[str, Any] | None = None
    answered: threading.Event = field(default_factory=threading.Event)
    taken: bool = False

    def settle(self, kind: str, payload: Any) -> None:
        """Keep the first answer."""
        if self.answer is None:
            self.answer = (kind, payload)
        self.answered.set()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about the client, which is killed in the middle of its next request."""


def run(
    bundle: Path,
    handler: str,
    event: Any,
    env: Mapping[str, str] | None = None,
    timeout: float = 30,
) -> Result:
    """Invoke a handler of a bundle once, from a cold start.

    Args:
        bundle: The unpacked bundle.
        handler: As in the template, `package.module.function`.
        event: What JSON can hold.
        env: Variables besides those that Lambda sets itself.
        timeout: Seconds after which the process is killed.
    """
    invocation = _Invocation(event, timeout)
    server = _Server(("127.0.0.1", 0), _endpoints(invocation))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = _environment(bundle, handler, server.server_address[1]) | dict(env or {})
    with server, tempfile.TemporaryFile("w+") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            [PYTHON, "-m", "awslambdaric", handler],
            cwd=bundle,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=_tell_when_it_ends, args=(process, invocation)).start()
        invocation.answered.wait(timeout)
        seconds = time.monotonic() - began
        died = process.poll() is not None
        process.kill()
        process.wait()
        server.shutdown()
        log.seek(0)
        kind, payload = invocation.answer or ("exit" if died else "timeout", None)
        return Result(kind, payload, log.read(), seconds)


def _tell_when_it_ends(process: subprocess.Popen[bytes], invocation: _Invocation) -> None:
    process.wait()
    invocation.answered.set()


def _environment(bundle: Path, handler: str, port: int) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "111111111111",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": "main",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/main",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(bundle),
        "PATH": os.defpath,
        # Lambda's task folder cannot be written to.
        "PYTHONDONTWRITEBYTECODE": "1",
        "_HANDLER": handler,
    }


def _endpoints(invocation: _Invocation) -> type[BaseHTTPRequestHandler]:
    class Endpoints(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if invocation.taken:
                # The client asks for more at once; Lambda would freeze it here.
                time.sleep(invocation.timeout)
            invocation.taken = True
            deadline = int((time.time() + invocation.timeout) * 1000)
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
            self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
            self.send_header("Content-Type", "application/json")
            self._finish(json.dumps(invocation.event).encode())

        def do_POST(self) -> None:
            payload = json.loads(self._body() or "null")
            if self.path.startswith(_INVOCATION):
                invocation.settle(self.path.rsplit("/", 1)[1], payload)
            else:
                invocation.settle("init", payload)
            self.send_response(202)
            self._finish(b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so by the base class
            """Say nothing."""

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _finish(self, body: bytes) -> None:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Endpoints
