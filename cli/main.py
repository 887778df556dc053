"""The words of the command; what each does stands in a module of its own.

Exit codes: 0 for all well, 1 for complaints and failures, 64 for a command written wrongly.
"""

from __future__ import annotations

import enum
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from cli.options import (
    AsJson,
    CallAs,
    CallAsOption,
    EndpointUrl,
    Profile,
    Region,
    StackSetName,
)

if TYPE_CHECKING:
    from cli.service import Service

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
def status(  # noqa: PLR0913 - the options of the AWS CLI
    stack_set: StackSetName,
    *,
    follow: Annotated[bool, typer.Option("--watch", help="Stay until nothing runs.")] = False,
    with_json: AsJson = False,
    call_as: CallAsOption = CallAs.SELF,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Show instances, the running operation and the last ones."""
    from rich.console import Console

    from cli.service import told_in_a_line
    from cli.snapshot import take
    from cli.status import plain, show, watch

    with told_in_a_line():
        gateway = _service(profile, region, endpoint_url).stack_sets(call_as.value)
        if with_json:
            _write(plain(take(gateway, stack_set)))
        elif follow:
            watch(lambda: take(gateway, stack_set), Console(highlight=False))
        else:
            show(take(gateway, stack_set), Console(highlight=False))


@app.command()
def explain(  # noqa: PLR0913
    stack_set: StackSetName,
    operation: Annotated[
        str | None,
        typer.Argument(help="The operation, or its beginning; else the last that failed."),
    ] = None,
    *,
    role: Annotated[
        str | None, typer.Option(help="A role in the members' accounts that may read their events.")
    ] = None,
    with_json: AsJson = False,
    call_as: CallAsOption = CallAs.SELF,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Say why an operation failed, whom it hit and what to do."""
    from cli import explain as explaining
    from cli.events import MemberEvents
    from cli.service import told_in_a_line
    from cli.snapshot import describe

    with told_in_a_line():
        service = _service(profile, region, endpoint_url)
        gateway = service.stack_sets(call_as.value)
        live = describe(gateway, stack_set)
        events = MemberEvents.of(service, gateway, live.stack_set_id, role)
        found = explaining.explain(gateway, live, operation, events.first_failure)
        if with_json:
            _write(None if found is None else explaining.plain(found))
        elif found is None:
            typer.echo("None of the last 100 operations has failed.")
        else:
            typer.echo("\n".join([*explaining.lines(found), *events.notes]))


@app.command()
def stop(  # noqa: PLR0913
    stack_set: StackSetName,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    call_as: CallAsOption = CallAs.SELF,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Stop the running operation, after asking. This one writes."""
    from cli.service import told_in_a_line
    from cli.snapshot import take

    with told_in_a_line():
        gateway = _service(profile, region, endpoint_url).stack_sets(call_as.value)
        snapshot = take(gateway, stack_set)
        running = snapshot.running
        if running is None:
            typer.echo("No operation runs.")
            return
        told = f"{running.action} {running.operation_id} ({running.percentage:.0f} % done)"
        if not yes:
            typer.confirm(f"Stop {told}? Stacks that are being worked on go on.", abort=True)
        gateway.stop(snapshot.stack_set.stack_set_id, running.operation_id)
        typer.echo(f"Stopping {told}; stackset status {stack_set} --watch shows its end.")


def _service(profile: str | None, region: str | None, endpoint_url: str | None) -> Service:
    from cli.service import Service

    return Service(profile, region, endpoint_url)


def _write(document: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


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
    from cli.trouble import Trouble

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
