"""Starts ministack with StackSets put in and its mends; run by the emulator's own Python.

The environment says everything (`emulator.local.aws` sets it):
    LOCAL_AWS_CERTIFICATES: a folder that takes the certificate and its key.
    LOCAL_AWS_FAULTS: a JSON file of faults, read again whenever it changes.
    LOCAL_AWS_IAM_LOG: a file that receives each evaluated IAM action.
    LOCAL_AWS_ORGANIZATION: a JSON file of an organization, read again whenever it changes.
    LOCAL_AWS_MINIMUM_SECONDS: how long a stack deployment takes at least.
    LOCAL_AWS_ROLLBACKS_ARE_OPERATIONS: if not empty, automatic rollbacks have OperationIds.
    LOCAL_AWS_THROTTLED_MESSAGES_RETURN: if not empty, a queue's message that Lambda throttles goes
        back to the queue until its visibility ends.
    LOCAL_AWS_DIES_WITH_PARENT: end when standard input closes.
"""

from __future__ import annotations

import importlib.metadata
import os
import signal
import sys
import threading
from pathlib import Path

MINISTACK = "1.5.33"


def main() -> None:
    """Serve until the process is told to end."""
    # The parts below reach into private names: any other version may lack them.
    found = importlib.metadata.version("ministack")
    if found != MINISTACK:
        sys.exit(
            f"emulator: needs ministack {MINISTACK}, found {found}: use requirements/emulator.txt"
        )
    # Functions inherit this environment, and must not see the sources beside their bundle.
    os.environ.pop("PYTHONPATH", None)
    if os.environ.pop("LOCAL_AWS_DIES_WITH_PARENT", None):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    _install()
    from ministack import app  # noqa: PLC0415 - after the environment is settled

    sys.argv = sys.argv[:1]
    app.main()


def _install() -> None:
    from emulator.server import certificate, macros, mends, pipelines, stacksets  # noqa: PLC0415

    certificate.install(Path(os.environ.pop("LOCAL_AWS_CERTIFICATES")))
    mends.install(
        os.environ.pop("LOCAL_AWS_IAM_LOG", None),
        rollbacks_are_operations=bool(os.environ.pop("LOCAL_AWS_ROLLBACKS_ARE_OPERATIONS", "")),
        throttled_messages_return=bool(os.environ.pop("LOCAL_AWS_THROTTLED_MESSAGES_RETURN", "")),
    )
    macros.install()
    pipelines.install()
    stacksets.install(
        faults_file=os.environ.pop("LOCAL_AWS_FAULTS", None),
        organization_file=os.environ.pop("LOCAL_AWS_ORGANIZATION", None) or None,
        minimum_seconds=float(os.environ.pop("LOCAL_AWS_MINIMUM_SECONDS", "0")),
    )


def _end_with_parent() -> None:
    """Take the whole group along, functions included, as soon as the parent is gone."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
