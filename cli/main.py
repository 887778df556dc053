"""The words of the command; what each does stands in a module of its own.

Exit codes: 0 for all well, 1 for complaints and failures, 64 for a command written wrongly.
"""

from __future__ import annotations

import enum
import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from cli import live
from cli.trouble import Trouble

# What a word needs is imported where it is needed: help and completion do without AWS.
# ruff: noqa: PLC0415

USAGE = 64
"""The exit code of a command that is written wrongly (EX_USAGE of sysexits.h)."""

_HELP = "See, preview and check CloudFormation stack sets and the stacks that own them."

app = typer.Typer(
    name="stackset",
    help=_HELP,
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


app.command()(live.status)
app.command()(live.explain)
app.command()(live.report)
app.command()(live.export)
app.command()(live.stop)


@app.command()
def validate(
    templates: Annotated[
        list[Path],
        typer.Argument(help="Templates, YAML or JSON; - for stdin.", metavar="TEMPLATE..."),
    ],
    *,
    form: Annotated[
        Format, typer.Option("--format", help="How complaints are written.")
    ] = Format.TEXT,
    with_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    native: Annotated[
        bool, typer.Option("--native", help="Check AWS::CloudFormation::StackSet, too.")
    ] = False,
) -> None:
    """Complain about stack sets in templates, with line and column."""
    from cli.formats import FORMATS
    from cli.validate import ERROR, check

    findings = [
        finding
        for each in templates
        for finding in check(str(each), _read(each), with_native=native)
    ]
    written = FORMATS["json" if with_json else form.value](findings)
    if written:
        typer.echo(written)
    raise typer.Exit(any(each.level == ERROR for each in findings))


@app.command()
def schema(
    *,
    template: Annotated[
        bool, typer.Option("--template", help="Of whole templates, not of the properties alone.")
    ] = False,
) -> None:
    """Write the JSON Schema of Custom::StackSet, for editors."""
    from cli.schema import resource_schema, template_schema

    written = template_schema() if template else resource_schema()
    typer.echo(json.dumps(written, indent=2))


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
    """Run the command; errors end in one line."""
    code = 1
    try:
        code = app(standalone_mode=False, prog_name="stackset") or 0
    except TyperException as error:
        typer.echo(f"stackset: {error.format_message()} See stackset --help.", err=True)
        code = USAGE
    except Trouble as error:
        typer.echo(f"stackset: {error}", err=True)
    except typer.Abort:
        typer.echo("stackset: nothing was done.", err=True)
    except BrokenPipeError:
        # Whoever read has gone, as with `| head`: nothing is left to say, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


if __name__ == "__main__":
    run()
