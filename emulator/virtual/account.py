"""An account of AWS in virtual time, which answers boto3 below its retry layer."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from typing import TYPE_CHECKING, Any, NoReturn, Self
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import urllib3
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from emulator.stacksets import wire
from emulator.stacksets.dice import Dice
from emulator.stacksets.engine import Engine
from emulator.stacksets.errors import ApiError, ResponseLostError
from emulator.stacksets.faults import raise_after, raise_before
from emulator.stacksets.organizations import Organizations
from emulator.virtual import account_api, asking, organizations, sqs, standing
from emulator.virtual.asking import Asking
from emulator.virtual.clock import VirtualClock
from emulator.virtual.deployer import ScriptedDeployer
from emulator.virtual.environment import environment
from emulator.virtual.http import ACCESS_KEY, JsonService, Reply, header, service_of, text_of
from emulator.virtual.member_accounts import MemberAccounts, is_session, sts_action
from emulator.virtual.messaging import Messaging
from emulator.virtual.s3 import Objects
from emulator.virtual.scheduler import Scheduler
from emulator.virtual.sdk import quick_sdk
from emulator.virtual.services import events_put, invoked, s3_asked, s3_reply
from emulator.virtual.shortcut import shortcut
from emulator.virtual.threads import virtual_threads
from emulator.virtual.traffic import Delivery, Invocation
from emulator.virtual.usage import ACCOUNT_CONCURRENCY, LambdaUsage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from emulator.virtual.queue_settings import QueueSettings

READ_TIMEOUT = 30.0
"""How long who asks waits for an answer that never comes."""
RESPONSE_HOST = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
QUEUE_URL_VARIABLE = "QUEUE_URL"
"""The environment variable in which a function finds the URL of its queue."""


class VirtualAWS:
    """Answers boto3 clients and catches custom resource responses, inside its context.

    Known are CloudFormation's StackSets and the questions about stacks, S3 GetObject, PutObject
    and ListObjectVersions, EventBridge PutEvents, Lambda Invoke of type Event, SQS SendMessage,
    ChangeMessageVisibility and GetQueueAttributes, STS GetCallerIdentity and AssumeRole,
    ListRegions of the account API, DescribeStacks in target accounts, GetTemplate in this one, and
    what reads in Organizations; anything else is an AssertionError, also noted in `unexpected`.

    Args:
        clock: Entered and left with this context.
        engine: The StackSets API.
        objects: What S3 holds; the engine's `fetch_template` should be its `fetch`.
        queue: How the queue and its event source mapping are set up.
        concurrency: How many executions of Lambda the account may have at the same time.
        seed: For ids and chance.

    Attributes:
        asking: What CloudFormation shows of the stacks in it.
        scheduler: Who runs side by side with whom; every call is a place to switch.
        lambda_usage: Lambda's executions in the account.
        organizations: Who is in which unit, and whether that may be asked.
        regions: Which Regions are enabled in the account.
        members: What is asked of the target accounts.
        messaging: The function's queue, its dead letters and their mappings.
        dice: Chance, by the seed.
        environment: Variables that the function finds, besides credentials and the Region.
        on_invoke: Called with each asynchronous invocation, by who makes it.
        deployer: The engine's deployer when made by `world`.
        before_call: Called with (service, action, running number from 1) before a call is
            carried out; what it raises, the caller gets. The response PUT counts as a call of
            `response`, `PUT`.
        after_call: The same once it is carried out, before the answer is seen.
        calls: (time, service, action) of every call, in the order of their running numbers.
        callers: The task that made each of them.
        invocations: The functions invoked.
        events: What EventBridge was sent, with its details read.
        refused_events: Whether it refuses all.
        responses: The responses to CloudFormation.
        response_answers: What the next response PUTs meet: a status or an exception each;
            200 when empty.
        call_seconds: How long every call takes.
        unexpected: What was asked and is not known here.
    """

    def __init__(  # noqa: PLR0913  what a world is made of
        self,
        clock: VirtualClock,
        engine: Engine,
        *,
        objects: Objects | None = None,
        queue: QueueSettings | None = None,
        concurrency: int = ACCOUNT_CONCURRENCY,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.engine = engine
        self.objects = Objects() if objects is None else objects
        self.scheduler = Scheduler(clock)
        self.lambda_usage = LambdaUsage(clock.time, concurrency)
        self.dice = Dice(seed)
        at = {"account": engine.account, "region": engine.region}
        self.messaging = Messaging(clock, self.scheduler, self.lambda_usage, queue, **at, seed=seed)
        self.environment = {QUEUE_URL_VARIABLE: self.messaging.queue.url}
        self.organizations = Organizations(engine.organization, engine.account)
        self.regions = account_api.Regions()
        self.members = MemberAccounts()
        self._json_services = {
            "account": account_api.service(self.regions),
            "sqs": JsonService(sqs.asked, self.messaging.call, sqs.render, sqs.render_error),
            "organizations": JsonService(
                organizations.asked,
                self.organizations.call,
                organizations.render,
                organizations.render_error,
            ),
        }
        self.asking = Asking(clock.time)
        self.deployer = ScriptedDeployer()
        self.on_invoke: list[Callable[[Invocation], None]] = []
        self.before_call: Callable[[str, str, int], None] | None = None
        self.after_call: Callable[[str, str, int], None] | None = None
        self.calls: list[tuple[float, str, str]] = []
        self.callers: list[str] = []
        self.invocations: list[Invocation] = []
        self.events: list[dict[str, Any]] = []
        self.refused_events = False
        self.responses: list[Delivery] = []
        self.response_answers: deque[int | Exception] = deque()
        self.call_seconds = 0.0
        self.unexpected: list[str] = []
        self._at: dict[int, list[Callable[[], None]]] = {}
        self._entered = contextlib.ExitStack()

    def at_call(self, number: int, deed: Callable[[], None]) -> None:
        """Do something right before the call of this number, counted from 1 from now on."""
        self._at.setdefault(len(self.calls) + number, []).append(deed)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.clock)
            stack.enter_context(environment(self.engine.region, self.environment))
            stack.enter_context(
                mock.patch.object(URLLib3Session, "send", lambda _, request: self._send(request))
            )
            stack.enter_context(mock.patch.object(urllib3.PoolManager, "urlopen", self._put))
            stack.enter_context(quick_sdk())
            stack.enter_context(virtual_threads(self.scheduler))
            stack.enter_context(shortcut(self._cloudformation_at_once))
            stack.callback(self.scheduler.close)
            self._entered = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_entered": contextlib.ExitStack()}

    # --- AWS services ------------------------------------------------------------------------

    def _send(self, request: AWSPreparedRequest) -> AWSResponse:
        service = service_of(request)
        if service in self._json_services:
            return self._json(service, request).to(request)
        own = {
            "cloudformation": self._cloudformation,
            "s3": self._s3,
            "lambda": self._lambda,
            "events": self._put_events,
            "sts": self._sts,
        }
        if service not in own:
            self._surprise(f"{service}: {request.method} {request.url}")
        return own[service](request).to(request)

    @contextlib.contextmanager
    def _call(self, service: str, action: str) -> Iterator[None]:
        """Note a call and let the hooks and the time have their way around it."""
        self.clock.sleep(self.call_seconds)
        self.calls.append((self.clock.now, service, action))
        self.callers.append(self.scheduler.current.name)
        number = len(self.calls)
        for deed in self._at.pop(number, ()):
            deed()
        if self.before_call is not None:
            self.before_call(service, action, number)
        try:
            yield
        finally:
            if self.after_call is not None:
                self.after_call(service, action, number)

    def _cloudformation(self, request: AWSPreparedRequest) -> Reply:
        try:
            form = parse_qs(text_of(request), keep_blank_values=True)
            action, result = self._asked(form, request.url, header(request, ACCESS_KEY))
        except ApiError as error:
            return Reply(*wire.render_error(error))
        return Reply(200, wire.render_result(action, result))

    def _cloudformation_at_once(
        self, form: Mapping[str, list[str]], url: str
    ) -> tuple[int, dict[str, Any]]:
        try:
            action, result = self._asked(form, url)
        except ApiError as error:
            return wire.read_error(error)
        return 200, wire.read_result(action, result)

    def _asked(
        self, form: Mapping[str, list[str]], url: str, key: str = ""
    ) -> tuple[str, dict[str, Any]]:
        try:
            action, parameters = wire.parse_request(form)
            with self._call("cloudformation", action):
                if is_session(key):
                    return action, self.members.call(key, action, parameters, url, self.deployer)
                return action, self._ask_or_call(action, parameters, url)
        except ApiError as error:
            if error.code == "InvalidAction":
                self._surprise(f"cloudformation: {form['Action'][0]}")
            raise
        except ResponseLostError as error:
            raise ConnectionClosedError(endpoint_url=url, error=error) from error

    def _ask_or_call(self, action: str, parameters: dict[str, Any], url: str) -> dict[str, Any]:
        if action not in asking.ACTIONS | standing.ACTIONS:
            return self.engine.call(action, parameters)
        if action in self.asking.unanswered:
            self.clock.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url=url)
        mishap = self.engine.faults.take_call(action)
        raise_before(mishap, action)
        answer = standing.shown(self.deployer, url, self.engine.account, action, parameters)
        raise_after(mishap)
        return answer or self.asking.call(action, parameters)

    def _s3(self, request: AWSPreparedRequest) -> Reply:
        asked = s3_asked(request)
        if asked is None:
            self._surprise(f"s3: {request.method} {request.url}")
        with self._call("s3", asked.action):
            return s3_reply(self.objects, asked)

    def _lambda(self, request: AWSPreparedRequest) -> Reply:
        asked = invoked(request)
        if asked is None:
            self._surprise(f"lambda: {request.method} {request.url}")
        with self._call("lambda", "Invoke"):
            invocation = Invocation(self.clock.now, *asked)
            self.invocations.append(invocation)
            for listener in [*self.on_invoke]:
                listener(invocation)
        return Reply(202)

    def _json(self, name: str, request: AWSPreparedRequest) -> Reply:
        service = self._json_services[name]
        asked = service.asked(request)
        if asked is None:
            self._surprise(f"{name}: {text_of(request)[:200]}")
        action, parameters = asked
        try:
            with self._call(name, action):
                mishap = self.engine.faults.take_call(action)
                raise_before(mishap, action, name)
                result = service.call(action, parameters)
                raise_after(mishap)
        except ApiError as error:
            return service.render_error(error)
        except ResponseLostError as error:
            raise ConnectionClosedError(endpoint_url=request.url, error=error) from error
        return service.render(result)

    def _put_events(self, request: AWSPreparedRequest) -> Reply:
        with self._call("events", "PutEvents"):
            return events_put(request, self.events, refused=self.refused_events)

    def _sts(self, request: AWSPreparedRequest) -> Reply:
        if (action := sts_action(text_of(request))) is None:
            self._surprise(f"sts: {text_of(request)}")
        with self._call("sts", action):
            return self.members.sts(text_of(request), self.engine.account)

    # --- CloudFormation's response URL -------------------------------------------------------

    def _put(self, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:  # noqa: ANN401
        if method != "PUT" or urlsplit(url).hostname != RESPONSE_HOST:
            self._surprise(f"http: {method} {url}")
        with self._call("response", "PUT"):
            answer = self.response_answers.popleft() if self.response_answers else 200
            status = answer if isinstance(answer, int) else None
            delivery = Delivery(self.clock.now, status, json.loads(options["body"]))
            self.responses.append(delivery)
        if not isinstance(answer, int):
            raise answer
        return urllib3.HTTPResponse(body=b"", status=answer)

    def _surprise(self, what: str) -> NoReturn:
        self.unexpected.append(what)
        message = f"the virtual AWS does not know this request: {what}"
        raise AssertionError(message)
