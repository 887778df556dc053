"""The entry points that Lambda calls, and what they are wired to."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3

from handler.custom_resource.answer import attributes
from handler.custom_resource.frame import StackSetResource
from handler.custom_resource.inventory import Inventory
from handler.custom_resource.output_attributes import OutputAttributes
from handler.custom_resource.queue import Queue, death_in
from handler.custom_resource.relay import Relay
from handler.deployment.confirmation import Confirmation
from handler.deployment.forecast import Forecast
from handler.deployment.joining import Joining
from handler.deployment.lifecycle import Lifecycle
from handler.deployment.liveness import Liveness
from handler.deployment.outputs import MemberOutputs, Outputs
from handler.deployment.patience import Patience
from handler.deployment.placing import Placing
from handler.deployment.preflight import Preflight
from handler.deployment.reconcile import Reconciliation
from handler.deployment.waiting import Wait
from handler.gateway.account_lists import AccountLists
from handler.gateway.events import Client, Events
from handler.gateway.member_stacks import Client as STSClient
from handler.gateway.member_stacks import Credentials, MemberStacks
from handler.gateway.organization import Organization
from handler.gateway.owning_stack import OwningStack
from handler.gateway.regions import EnabledRegions, unknown_regions
from handler.gateway.reports import Reports, stack_ids
from handler.gateway.stacksets import StackSets
from handler.gateway.standing_stacks import StandingStacks
from handler.gateway.summaries import TemplateSummaries
from handler.gateway.templates import Templates
from handler.gateway.timeouts import ONE_TRY, QUICK, USUAL
from handler.observability import logger, metrics
from handler.plan.execution_roles import ExecutionRoles
from handler.properties.resource_types import STACK_SET_TYPE, check_type
from handler.properties.waiting import WAIT_TYPE, read_wait
from handler.values.observation import Observation
from handler.values.preferences import PREFERENCES

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from botocore.client import BaseClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@functools.cache
def _cloudformation(region: str | None = None) -> CloudFormationClient:
    return boto3.client("cloudformation", region_name=region, config=ONE_TRY)


@functools.cache
def _lambda() -> LambdaClient:
    return boto3.client("lambda", config=USUAL)


@functools.cache
def _s3() -> S3Client:
    return boto3.client("s3", config=USUAL)


@functools.cache
def _organizations() -> BaseClient:
    client: BaseClient = boto3.client("organizations", config=USUAL)
    return client


@functools.cache
def _account() -> BaseClient:
    client: BaseClient = boto3.client("account", config=USUAL)
    return client


@functools.cache
def _sqs() -> SQSClient:
    return boto3.client("sqs", config=USUAL)


@functools.cache
def _sts() -> STSClient:
    client: STSClient = boto3.client("sts", config=USUAL)
    return client


def _member_cloudformation(credentials: Credentials, region: str) -> CloudFormationClient:
    return boto3.client(
        "cloudformation",
        region_name=region,
        config=USUAL,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


@functools.cache
def _events() -> Client:
    client: Client = boto3.client("events", config=QUICK)
    return client


def _announce(detail: Mapping[str, Any]) -> None:
    bus = os.environ.get("EVENT_BUS_NAME")
    if bus and detail["resourceType"] != WAIT_TYPE:
        Events(_events, bus, logger.warning).send(detail)


def _queue() -> Queue | None:
    url = os.environ.get("QUEUE_URL")
    return Queue(_sqs, url) if url else None


def _default_preferences() -> Mapping[str, Any]:
    """What the function's stack says; the API's own for a function that was deployed without."""
    return PREFERENCES.get(os.environ.get("DEFAULT_OPERATION_PREFERENCES", ""), {})


resource = StackSetResource(Relay(_lambda, _queue), _announce)


@resource.create
@resource.poll_create
def create(event: dict[str, Any], context: LambdaContext) -> str:
    """Serve a Create, from its beginning or where another invocation left off."""
    if _is_of_wait(event):
        return _waited(context)
    check_type(event.get("ResourceType", STACK_SET_TYPE), resource.request.properties)
    lifecycle = _lifecycle(context)
    return _deployed(lifecycle.create(), lifecycle)


@resource.update
@resource.poll_update
def update(event: dict[str, Any], context: LambdaContext) -> str:
    """Serve an Update, from its beginning or where another invocation left off."""
    if _is_of_wait(event):
        return _waited(context)
    lifecycle = _lifecycle(context)
    return _deployed(lifecycle.update(), lifecycle)


@resource.delete
@resource.poll_delete
def delete(event: dict[str, Any], context: LambdaContext) -> str:
    """Serve a Delete, from its beginning or where another invocation left off."""
    if not _is_of_wait(event):
        _lifecycle(context).delete()
    return resource.request.physical_id


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Serve one event of CloudFormation, or of this function's own relay.

    Raises:
        DeliveryFailed: CloudFormation could not be answered; Lambda has to deliver the event again.
    """
    try:
        resource(event, context)
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()


def last_word(event: dict[str, Any], context: LambdaContext) -> None:
    """Answer FAILED for a request whose every invocation has died.

    Args:
        event: Tells of it, see `death_in`.
        context: Lambda's.

    Raises:
        DeliveryFailed: CloudFormation could not be answered.
    """
    request, reason = death_in(event)
    resource.speak_for_the_dead(request, context, reason)


def _deployed(seen: Observation, lifecycle: Lifecycle) -> str:
    inventory = _inventory(seen, lifecycle)
    outputs = Outputs()
    if lifecycle.output_keys:
        resource.NoEcho = True  # whatever was read: templates may rely on it
        sleep = lifecycle.loop.patience.sleep
        reader = MemberOutputs(_member_stacks(), lifecycle.output_keys, sleep)
        stacks = reader.find(seen.instances, inventory.known, inventory.read)
        # Nothing is listed again: what is read may take all the time that there is.
        inventory = replace(inventory, known=stacks, read=lambda: iter(stacks.items()))
        outputs = reader.read(seen.instances, stacks)
    loop = lifecycle.loop
    told = (*lifecycle.warnings, *loop.placing.warnings)
    warnings = (*loop.forecast.warnings, *outputs.warnings, *told)
    data = attributes(seen, warnings, lifecycle.deployment_id)
    if lifecycle.output_keys:
        data = OutputAttributes(outputs.values, _report(seen, lifecycle, "-outputs")).add_to(data)
    resource.Data = inventory.add_to(data)
    metrics.add_metric("Instances", "Count", len(seen.instances))
    return seen.stack_set.stack_set_id


def _inventory(seen: Observation, lifecycle: Lifecycle) -> Inventory:
    stack_sets = lifecycle.loop.stack_sets
    return Inventory(
        seen.instances,
        stack_sets.known_stack_ids,
        functools.partial(stack_ids, stack_sets, seen.stack_set.stack_set_id),
        _report(seen, lifecycle),
    )


def _report(seen: Observation, lifecycle: Lifecycle, suffix: str = "") -> Callable[..., str] | None:
    bucket = os.environ.get("REPORT_BUCKET")
    stack_set = seen.stack_set.stack_set_id.replace(":", "/")
    name = f"{stack_set}/{lifecycle.request.request_id}{suffix}"
    return functools.partial(Reports(_s3, bucket).write, name) if bucket else None


def _member_stacks() -> MemberStacks | None:
    role = os.environ.get("OUTPUT_READER_ROLE_NAME")
    return MemberStacks(role, _sts, _member_cloudformation) if role else None


def _requires_confirmation() -> bool:
    return os.environ.get("REQUIRE_CONFIRMATION") == "true"


def _is_of_wait(event: dict[str, Any]) -> bool:
    return event.get("ResourceType") == WAIT_TYPE


def _waited(context: LambdaContext) -> str:
    request = resource.request
    wanted = read_wait(request.properties)
    patience = _patience(context, is_resumed=True)
    liveness = _liveness(patience)
    stack_sets = StackSets(_cloudformation(), patience.sleep, liveness.before_write)
    stack_sets.call_as = wanted.call_as
    has_ended = Wait(request, wanted, stack_sets, patience, liveness).until_the_end()
    resource.Data = {"StackSetId": wanted.stack_set_id, "HasEnded": str(has_ended).lower()}
    return request.physical_id or request.wait_id


def _patience(context: LambdaContext, *, is_resumed: bool) -> Patience:
    seconds_left = context.get_remaining_time_in_millis() / 1000
    patience = Patience.of_sandbox(seconds_left, resource.request.give_up_at)
    if resource.can_leave:
        patience.leave_soon(is_resumed=is_resumed)
    if resource.message is not None:
        patience.heartbeat = resource.message.keep_hidden
    return patience


def _liveness(patience: Patience) -> Liveness:
    request, first = resource.request, resource.memory.first
    stack = OwningStack(_cloudformation(), request.stack_id, request.logical_id, logger.warning)
    return Liveness(request, stack, patience.sleep, first)


def _lifecycle(context: LambdaContext) -> Lifecycle:
    request, memory = resource.request, resource.memory
    patience = _patience(context, is_resumed=bool(memory.own))
    liveness = _liveness(patience)
    stack_sets = StackSets(_cloudformation(), patience.sleep, liveness.before_write)
    templates = Templates(_s3, logger.warning, patience.sleep)
    organization = Organization(_organizations, patience.sleep)
    standing = StandingStacks(_cloudformation, logger.warning, patience.sleep)
    own = context.invoked_function_arn
    loop = Reconciliation(
        stack_sets=stack_sets,
        marks=request.marks,
        patience=patience,
        liveness=liveness,
        began=request.began,
        deadline=request.deadline,
        default_preferences=_default_preferences(),
        templates=templates,
        forecast=Forecast(request, memory, _default_preferences()),
        placing=Placing(
            organization,
            AccountLists(_s3, patience.sleep).read,
            request.marks,
            goes_back=lambda: liveness.is_rollback or liveness.is_surely_rollback(),
            reads_members=os.environ.get("READ_ORGANIZATION") == "EVERYTHING",
        ),
        own=memory.own,
        look_ups=memory.look_ups,
    )
    preflight = Preflight(
        request,
        memory,
        liveness,
        stack_sets,
        templates,
        TemplateSummaries(_cloudformation(), logger.warning, patience.sleep),
        functools.partial(unknown_regions, _cloudformation()),
        EnabledRegions(_account, patience.sleep).read,
        Joining(request, stack_sets, organization, standing, templates, own.split(":")[4]),
        reads_outputs=_member_stacks() is not None,
        execution_roles=ExecutionRoles.of(os.environ.get("EXECUTION_ROLE_NAMES")),
    )

    def answer(seen: Observation) -> None:
        resource.answer_early(_deployed(seen, lifecycle))

    confirmation = Confirmation(liveness, stack_sets, request.marks, own, _requires_confirmation())
    lifecycle = Lifecycle(request, memory, loop, preflight, answer, confirmation)
    resource.abandon = lifecycle.abandon
    return lifecycle
