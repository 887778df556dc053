"""What the gateway makes of the API's answers, call by call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError, ReadTimeoutError

from handler.errors import AccessDenied, RequestRefused
from handler.gateway.signals import (
    AlreadyStarted,
    NameTaken,
    NameTakenAndModified,
    NotFound,
    StackSetBusy,
)
from handler.gateway.stacksets import StackSets
from handler.plan.steps import CREATE, UPDATE_SET, Step
from handler.values.observation import OperationState
from handler.values.spec import StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import ONE, VIRGINIA

SPEC = StackSetSpec(template_body="{}")
STEP = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))


def error(code: str, message: str = "told", status: int = 400) -> ClientError:
    """What botocore raises for an error answer."""
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Any")


class Api:
    """Answers every call with what it is given, one after the other; the last one again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.slept: list[float] = []
        self.asked = 0

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append((method, parameters))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call

    @property
    def gateway(self) -> StackSets:
        """The gateway to it."""
        client: Any = self

        def ask() -> None:
            self.asked += 1

        return StackSets(client, self.slept.append, ask)


CALLS: dict[str, Callable[[StackSets], Any]] = {
    "create": lambda api: api.create("Name", SPEC, "token"),
    "describe": lambda api: api.describe("Name"),
    "instances": lambda api: api.instances("a:b"),
    "overrides": lambda api: api.overrides("a:b", Target(ONE, VIRGINIA)),
    "recent_operations": lambda api: api.recent_operations("a:b"),
    "operation": lambda api: api.operation("a:b", "op"),
    "failures": lambda api: api.failures("a:b", "op"),
    "start": lambda api: api.start("a:b", STEP, "op", {}, SPEC),
    "stop": lambda api: api.stop("a:b", "op"),
    "delete": lambda api: api.delete("a:b"),
}
WRITES = {"create", "start", "delete"}


@pytest.mark.parametrize("name", CALLS)
def test_a_right_that_is_missing_is_named(name: str) -> None:
    """Every call says which action it lacks."""
    api = Api(error("AccessDenied", "not authorized"))

    with pytest.raises(AccessDenied) as told:
        CALLS[name](api.gateway)
    [(method, _)] = api.calls
    assert f"a right that {method.title().replace('_', '')} needs" in str(told.value)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("code", ["ValidationError", "LimitExceededException"])
def test_a_refusal_is_told(name: str, code: str) -> None:
    """What the API refuses for good is told as it is, by every call, and not tried again."""
    api = Api(error(code, "why"))

    with pytest.raises(RequestRefused, match="why") as told:
        CALLS[name](api.gateway)
    assert told.value.code == code
    assert len(api.calls) == 1


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "mishap",
    [
        error("Throttling"),
        error("ServiceUnavailable", status=503),
        ReadTimeoutError(endpoint_url="x"),
    ],
    ids=["throttled", "unavailable", "silent"],
)
def test_what_passes_is_tried_again_after_a_pause(name: str, mishap: Exception) -> None:
    """Each further try waits longer, and before each try of a write somebody may object."""
    api = Api(mishap, mishap, error("ValidationError"))

    with pytest.raises(RequestRefused):
        CALLS[name](api.gateway)
    assert len(api.calls) == 3
    first, second = [each for each in api.slept if each]
    assert 0 < first < second
    assert api.asked == (3 if name in WRITES else 0)


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        ("NameAlreadyExistsException", NameTaken),
        ("CreatedButModifiedException", NameTakenAndModified),
        ("OperationIdAlreadyExistsException", AlreadyStarted),
        ("OperationInProgressException", StackSetBusy),
        ("StackSetNotEmptyException", StackSetBusy),
        ("StackSetNotFoundException", NotFound),
        ("StackInstanceNotFoundException", NotFound),
    ],
)
def test_what_the_loop_goes_on_from(code: str, raised: type[Exception]) -> None:
    """Answers that are no errors have signals of their own."""
    with pytest.raises(raised) as told:
        CALLS["start"](Api(error(code)).gateway)
    assert type(told.value) is raised


@pytest.mark.parametrize(
    ("name", "nothing"),
    [
        ("describe", None),
        ("instances", {}),
        ("overrides", None),
        ("recent_operations", []),
        ("stop", None),
        ("delete", None),
    ],
)
def test_what_is_gone_is_nothing(name: str, nothing: object) -> None:
    """A stack set that is gone has nothing, and nothing has to be done about it."""
    assert CALLS[name](Api(error("StackSetNotFoundException")).gateway) == nothing


@pytest.mark.parametrize("code", ["InvalidOperationException", "OperationNotFoundException"])
def test_an_operation_that_has_ended_is_stopped(code: str) -> None:
    """Only these two refusals mean that there is nothing to stop."""
    assert CALLS["stop"](Api(error(code)).gateway) is None


def test_an_operation_that_is_not_known_yet_runs() -> None:
    """The API may know an operation later than it has accepted it."""
    assert CALLS["operation"](Api(error("OperationNotFoundException")).gateway) == OperationState(
        "op", "", "RUNNING"
    )


def test_a_deleted_stack_set_is_none() -> None:
    """DescribeStackSet shows deleted ones by their ids."""
    assert CALLS["describe"](Api({"StackSet": {"Status": "DELETED"}}).gateway) is None


def test_pages_are_read_to_the_end() -> None:
    """The token of a page leads to the next; before each there is time to give up."""
    one = {"Account": ONE, "Region": VIRGINIA, "Status": "CURRENT"}
    api = Api({"Summaries": [one], "NextToken": "t"}, {"Summaries": [{**one, "Region": "r"}]})

    assert set(CALLS["instances"](api.gateway)) == {Target(ONE, VIRGINIA), Target(ONE, "r")}
    assert [each.get("NextToken") for _, each in api.calls] == [None, "t"]
    assert api.slept == [0, 0]


def test_no_page_more_than_needed() -> None:
    """One operation is one page of one."""
    one = {"OperationId": "op", "Status": "RUNNING"}
    api = Api({"Summaries": [one], "NextToken": "t"})

    assert len(api.gateway.recent_operations("a:b", most=1)) == 1
    assert [each["MaxResults"] for _, each in api.calls] == [1]


def test_failures_and_what_they_cancelled() -> None:
    """Successes are none; a missing reason is an empty one."""
    place = {"Account": ONE, "Region": VIRGINIA}
    results = [
        {**place, "Status": "FAILED", "StatusReason": "No"},
        {**place, "Status": "FAILED"},
        {**place, "Status": "CANCELLED"},
        {**place, "Status": "SUCCEEDED"},
    ]

    failures, cancelled = CALLS["failures"](Api({"Summaries": results}).gateway)
    assert [each.reason for each in failures] == ["No", ""]
    assert cancelled == 1


def test_a_look_up_may_end_in_time() -> None:
    """Before each look-up of an instance there is time to give up."""
    listed = [{"ParameterKey": "B", "ParameterValue": "2"}, {"ParameterKey": "A"}]
    api = Api({"StackInstance": {"ParameterOverrides": listed}})

    assert CALLS["overrides"](api.gateway) == (("A", ""), ("B", "2"))
    assert api.slept == [0]


@pytest.mark.parametrize("preferences", [{}, {"MaxConcurrentCount": 3}])
def test_an_operation_names_what_it_is_to_reach(preferences: dict[str, Any]) -> None:
    """Preferences are sent where there are any."""
    api = Api({"OperationId": "op"})
    api.gateway.start("a:b", STEP, "op", preferences, SPEC)

    [(method, sent)] = api.calls
    assert method == "create_stack_instances"
    assert (sent["Accounts"], sent["Regions"]) == ([ONE], [VIRGINIA])
    assert sent.get("OperationPreferences", {}) == preferences


def test_an_update_of_the_set_may_reach_everything() -> None:
    """Without a rectangle no account and no Region is named."""
    api = Api({"OperationId": "op"})
    api.gateway.start("a:b", Step(UPDATE_SET, None, (), content="x"), "op", {}, SPEC)

    [(method, sent)] = api.calls
    assert method == "update_stack_set"
    assert not {"Accounts", "Regions"} & set(sent)


def test_what_never_left_is_told() -> None:
    """An error of the SDK that no further try mends has its own name."""
    api = Api(ParamValidationError(report="wrong"))

    with pytest.raises(RequestRefused, match="wrong") as told:
        CALLS["describe"](api.gateway)
    assert told.value.code == "ParamValidationError"
