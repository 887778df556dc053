"""The words about a live stack set."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import (
    AsJson,
    CallAs,
    CallAsOption,
    EndpointUrl,
    Profile,
    Region,
    StackSetName,
)
from cli.trouble import Trouble

if TYPE_CHECKING:
    from cli.service import Service
    from handler.gateway.stacksets import StackSets

# What a word needs is imported where it is needed: help and completion do without AWS.
# ruff: noqa: PLC0415

_Role = Annotated[
    str | None, typer.Option(help="A role in the members' accounts that may read their events.")
]


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
        gateway = _gateway(call_as, profile, region, endpoint_url)
        if with_json:
            _write(plain(take(gateway, stack_set)))
        elif follow:
            watch(lambda: take(gateway, stack_set), Console(highlight=False))
        else:
            show(take(gateway, stack_set), Console(highlight=False))


def explain(  # noqa: PLR0913
    stack_set: StackSetName,
    operation: Annotated[
        str | None,
        typer.Argument(help="The operation, or its beginning; else the last that failed."),
    ] = None,
    *,
    role: _Role = None,
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
        events = MemberEvents(service, gateway, live.stack_set_id, role)
        found = explaining.explain(gateway, live, operation, events.first_failure)
        if with_json:
            _write(None if found is None else explaining.plain(found))
        elif found is None:
            typer.echo("None of the last 100 operations has failed.")
        else:
            typer.echo("\n".join([*explaining.lines(found), *events.notes]))


def report(  # noqa: PLR0913
    stack_set: StackSetName,
    *,
    html: Annotated[Path, typer.Option("--html", help="The file to write.")],
    role: _Role = None,
    call_as: CallAsOption = CallAs.SELF,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Write one page with instances, failures and operations in time."""
    from cli import explain as explaining
    from cli.events import MemberEvents
    from cli.report import page
    from cli.service import told_in_a_line
    from cli.snapshot import take

    with told_in_a_line():
        service = _service(profile, region, endpoint_url)
        gateway = service.stack_sets(call_as.value)
        snapshot = take(gateway, stack_set, most=100)
        live = snapshot.stack_set
        events = MemberEvents(service, gateway, live.stack_set_id, role)
        found = explaining.explain(gateway, live, None, events.first_failure)
        text = page(snapshot, found.causes if found else (), time.time())
    _save(html, text)


def export(  # noqa: PLR0913
    stack_set: StackSetName,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", help="The file to write; else the screen.")
    ] = None,
    call_as: CallAsOption = CallAs.SELF,
    profile: Profile = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Write the Custom::StackSet template that takes a stack set over."""
    from cli.export import export as exported
    from cli.service import told_in_a_line
    from cli.snapshot import take

    with told_in_a_line():
        gateway = _gateway(call_as, profile, region, endpoint_url)
        snapshot = take(gateway, stack_set)
        set_id = snapshot.stack_set.stack_set_id
        made = exported(snapshot, lambda each: gateway.overrides(set_id, each), call_as.value)
    if output is None:
        typer.echo(made.text, nl=False)
    else:
        _save(output, made.text)
    for each in made.notes:
        typer.echo(each, err=True)


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
        gateway = _gateway(call_as, profile, region, endpoint_url)
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


def _gateway(
    call_as: CallAs, profile: str | None, region: str | None, endpoint_url: str | None
) -> StackSets:
    return _service(profile, region, endpoint_url).stack_sets(call_as.value)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise Trouble(message) from error
    typer.echo(f"Wrote {path}.", err=True)


def _write(document: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
