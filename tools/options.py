"""What may follow each word of build.sh but `package`; needs only Python's own library.

`python -m tools.options WORD` explains it at once: nothing has to be installed for that.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.environments import ENVIRONMENTS, ROOT

STACK = "StackSetCustomResource"
FEWER_RIGHTS = "--accept-fewer-rights"
_BUILD = ROOT / "build"
_DEMO = """
Show the whole life of a stack that owns a stack set, on a local AWS that is started for it:
create, update, an update that fails in one account and is rolled back, delete. It takes no AWS
account and no docker, and is over within two minutes; Ctrl-C ends it at any time. Where the
output is no terminal, it is plain lines, as wide as COLUMNS says, or 80.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return what reads the words of `build`."""
    parser = argparse.ArgumentParser(
        prog="./build.sh build", description="Build what Lambda runs, in build/."
    )
    parser.add_argument("--output", type=Path, default=_BUILD / "bundle", help="the folder to make")
    parser.add_argument(
        "--runs-here",
        action="store_true",
        help="add the native modules of this Python where Lambda's is not to be found",
    )
    return parser


def demo_parser() -> argparse.ArgumentParser:
    """Return what reads the words of `demo`; the options are build.sh's, not a person's."""
    parser = argparse.ArgumentParser(prog="./build.sh demo", description=_DEMO)
    emulator = ENVIRONMENTS["emulator"].python
    for option, default in (("--emulator-python", emulator), ("--bundle", _BUILD / "bundle.zip")):
        parser.add_argument(option, type=Path, default=default, help=argparse.SUPPRESS)
    return parser


def deploy_parser() -> argparse.ArgumentParser:
    """Return what reads the words of `deploy`."""
    parser = argparse.ArgumentParser(
        prog="./build.sh deploy",
        description=f"Deploy template.yaml as stack {STACK}.",
    )
    parser.add_argument("region", nargs="?", default="", help="default: the configured region")
    parser.add_argument("profile", nargs="?", default="", help="default: the configured profile")
    parser.add_argument(
        "--bucket",
        default=os.environ.get("STACKSET_RESOURCE_BUCKET", ""),
        help="artifact bucket (or set STACKSET_RESOURCE_BUCKET); "
        "default: stackset-resource-ACCOUNT-REGION",
    )
    parser.add_argument("--stack-name", default=STACK, help=f"default: {STACK}")
    parser.add_argument("--parameter-overrides", nargs="+", default=[], metavar="NAME=VALUE")
    parser.add_argument(
        FEWER_RIGHTS,
        action="store_true",
        help="go on where the function's role loses rights that stack sets use",
    )
    parser.add_argument(
        "--tags", nargs="+", default=[], metavar="KEY=VALUE", help="of all that is made"
    )
    parser.add_argument(
        "--role-arn", default="", metavar="ARN", help="the role with which CloudFormation acts"
    )
    parser.add_argument(
        "--signing-profile",
        default="",
        metavar="NAME",
        help="the profile with which AWS Signer signs the bundle",
    )
    parser.add_argument(
        "--no-execute-changeset",
        action="store_true",
        help="print what would change, and leave the change set; the bundle is uploaded",
    )
    parser.add_argument(
        "--skip-preflight",
        action="store_true",
        help="do not ask IAM first which rights you lack",
    )
    return parser


def test_parser() -> argparse.ArgumentParser:
    """Return what reads the words of `test`; those that it does not know are pytest's."""
    return argparse.ArgumentParser(
        prog="./build.sh test",
        description="Run everything that CI runs.",
        epilog="Other words go to pytest: ./build.sh test -k name",
    )


_PARSERS: Mapping[str, Callable[[], argparse.ArgumentParser]] = {
    "build": build_parser,
    "demo": demo_parser,
    "deploy": deploy_parser,
    "test": test_parser,
}


def main() -> int:
    """Print what may follow the word that the command line names."""
    _PARSERS[sys.argv[1]]().print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
