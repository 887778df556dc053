"""Serve one sample event with the built function on a local AWS, and print its answer.

python -m emulator.demo.event events/create.json
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from emulator.local.aws import PROVIDER_STACK, LocalAWS

_ROOT = Path(__file__).resolve().parents[2]
_ANSWER_SECONDS = 120.0


class Mailbox:
    """Stands in for the response URL, under the local AWS's own certificate.

    Args:
        certificate: The certificate's file; its key lies beside it.
    """

    def __init__(self, certificate: Path) -> None:
        self._answered = threading.Event()
        self._body = b""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._request_handler())
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._server.socket = trust.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_port}/answer"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self) -> dict[str, Any]:
        """Wait for the answer.

        Raises:
            TimeoutError: None came.
        """
        if not self._answered.wait(_ANSWER_SECONDS):
            message = f"no answer within {_ANSWER_SECONDS:.0f} seconds"
            raise TimeoutError(message)
        answer: dict[str, Any] = json.loads(self._body)
        return answer

    def _request_handler(self) -> type[BaseHTTPRequestHandler]:
        mailbox = self

        class RequestHandler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                mailbox._body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                mailbox._answered.set()

            def log_message(self, *_: object) -> None:
                """Keep quiet: the answer itself is printed."""

        return RequestHandler


def serve(aws: LocalAWS, event: dict[str, Any]) -> dict[str, Any]:
    """Let the deployed function serve an event.

    Args:
        aws: Where it is deployed.
        event: As CloudFormation sends it; the response URL is replaced.

    Returns:
        The answer.
    """
    found = aws.client("cloudformation").describe_stack_resource(
        StackName=PROVIDER_STACK, LogicalResourceId="StackSetResourceFunction"
    )
    aws.tell_request(event)
    with Mailbox(aws.certificate) as mailbox:
        aws.client("lambda").invoke(
            FunctionName=found["StackResourceDetail"]["PhysicalResourceId"],
            InvocationType="Event",
            Payload=json.dumps({**event, "ResponseURL": mailbox.url}),
        )
        answer = mailbox.answer()
    if answer["Status"] == "SUCCESS":
        aws.tell_request(event, answer["PhysicalResourceId"])
    return answer


def put_application(aws: LocalAWS, event: dict[str, Any]) -> None:
    """Put the application's template where the event says that it is."""
    address = urlsplit(event["ResourceProperties"]["TemplateURL"])
    app = (_ROOT / "examples" / "app.yaml").read_bytes()
    aws.upload(address.netloc.partition(".")[0], address.path.lstrip("/"), app)


def run(path: Path, python: Path, bundle: Path) -> dict[str, Any]:
    """Serve the event of a file, after a Create where it needs one; return its answer."""
    event = json.loads(path.read_text("utf-8"))
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        LocalAWS(python, Path(folder)) as aws,
    ):
        groups = event["ResourceProperties"]["StackInstances"]
        aws.make_roles({account for group in groups for account in group["Accounts"]})
        aws.deploy_provider(bundle, _ROOT / "template.yaml")
        put_application(aws, event)
        if event["RequestType"] != "Create":
            before = json.loads(path.with_name("create.json").read_text("utf-8"))
            event["PhysicalResourceId"] = serve(aws, before)["PhysicalResourceId"]
        return serve(aws, event)


def main() -> int:
    """Read the command line, and print the answer; the exit code tells whether it is SUCCESS."""
    parser = argparse.ArgumentParser(prog="python -m emulator.demo.event", description=__doc__)
    parser.add_argument("event", type=Path, help="a file of events/")
    add_emulator_options(parser)
    given = parser.parse_args()
    answer = run(given.event, given.emulator_python, given.bundle)
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return 0 if answer["Status"] == "SUCCESS" else 1


def add_emulator_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that tell where the emulator and the bundle are."""
    parser.add_argument(
        "--emulator-python",
        type=Path,
        default=_ROOT / ".tools" / "emulator" / "bin" / "python",
        metavar="PATH",
        help="the Python of the environment that holds ministack",
    )
    parser.add_argument(
        "--bundle",
        type=Path,
        default=_ROOT / "build" / "bundle.zip",
        metavar="PATH",
        help="what ./build.sh build made",
    )


if __name__ == "__main__":
    sys.exit(main())
