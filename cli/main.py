"""The words of the command; what each does stands in a module of its own.

Exit codes: 0 for all well, 1 for complaints and failures, 64 for a command written wrongly.
"""

from __future__ import annotations

import enum
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

USAGE = 64
"""The exit code of a command that is written wrongly (EX_USAGE of sysexits.h)."""

app = typer.Typer(
    name="stackset",
    help="See, preview and check CloudFormation stack sets and the stacks that own them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Format(enum.StrEnum):
    """How findings are written."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"
    SARIF = "sarif"


@app.callback()
def _root() -> None:
    """See, preview and check CloudFormation stack sets and the stacks that own them."""


@app.command()
def validate(
    templates: Annotated[list[Path], typer.Argument(help="Templates, YAML or JSON; - for stdin.")],
    *,
    form: Annotated[
        Format, typer.Option("--format", help="How complaints are written.")
    ] = Format.TEXT,
    with_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    native: Annotated[
        bool, typer.Option("--native", help="Check AWS::CloudFormation::StackSet, too.")
    ] = False,
) -> None:
    """Complain about stack sets in templates, with file, line and column."""
    from cli.formats import FORMATS  # noqa: PLC0415 - help and completion do without
    from cli.validate import ERROR, check  # noqa: PLC0415

    findings = [
        finding
        for each in templates
        for finding in check(str(each), _read(each), with_native=native)
    ]
    written = FORMATS["json" if with_json else form.value](findings)
    if written:
        typer.echo(written)
    raise typer.Exit(any(each.level == ERROR for each in findings))


def _read(path: Path) -> str:
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
    except UnicodeDecodeError:
        message = f"{path} is no text in UTF-8."
    raise typer.BadParameter(message)


def run() -> None:
    """Run the command; errors of usage end in one line and 64."""
    try:
        code = app(standalone_mode=False)
    except TyperException as error:
        typer.echo(f"stackset: {error.format_message()} See stackset --help.", err=True)
        code = USAGE
    except BrokenPipeError:
        # Whoever read has gone, as with `| head`: nothing is left to say, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    run()
