"""SQS in virtual time: what it takes and refuses, and how it comes back to the function."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from emulator.stacksets.faults import Answer, CallFault, Faults
from emulator.virtual.aws import EPOCH, QueueSettings, VirtualAWS, world
from emulator.virtual.functions import Lambda, SandboxDied, Sandboxes

URL = "https://sqs.us-east-1.amazonaws.com/111111111111/stacksets"
PROMPT = (0.0, 0.0)


def client() -> Any:
    """Return a client that tries once."""
    make: Any = boto3.client
    return make("sqs", config=Config(retries={"total_max_attempts": 1}))


def send(body: str = "{}", delay: int = 0) -> None:
    """Send a message."""
    client().send_message(QueueUrl=URL, MessageBody=body, DelaySeconds=delay)


def change(event: dict[str, Any], seconds: int) -> None:
    """Hide the message of a delivery for so many seconds from now on."""
    handle = event["Records"][0]["receiptHandle"]
    client().change_message_visibility(
        QueueUrl=URL, ReceiptHandle=handle, VisibilityTimeout=seconds
    )


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """Code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


class Consumer:
    """A function that notes its messages and does with each what a test says.

    Attributes:
        log: (seconds since the beginning, body) of each delivery when it begins.
        events: The events of these deliveries.
        last_words: (seconds, event) of each dead letter.
        does: Called with each event.
        speaks: Called with each dead letter.
    """

    def __init__(self, does: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
        self.log: list[tuple[float, str]] = []
        self.events: list[dict[str, Any]] = []
        self.last_words: list[tuple[float, dict[str, Any]]] = []
        self.does = does
        self.speaks: Callable[[dict[str, Any]], object] = lambda _: None

    @property
    def begun(self) -> list[float]:
        """When each delivery began."""
        return [moment for moment, _ in self.log]

    def handler(self, event: dict[str, Any], _context: object) -> None:
        """Serve a message."""
        self.log.append((time.time() - EPOCH, event["Records"][0]["body"]))
        self.events.append(event)
        self.does(event)

    def last_word(self, event: dict[str, Any], _context: object) -> None:
        """Serve a dead letter."""
        self.last_words.append((time.time() - EPOCH, event))
        self.speaks(event)


def consumed(aws: VirtualAWS, consumer: Consumer) -> Lambda:
    """A Lambda whose function consumes the queue."""
    return Lambda(aws, Sandboxes(consumer, lambda: consumer))


def fail(_event: object) -> None:
    """Fail as a function may."""
    message = "no"
    raise ValueError(message)


def die(_event: object) -> None:
    """Let the sandbox die."""
    raise SandboxDied


def settings(**others: Any) -> QueueSettings:
    """A queue whose messages come the moment they are visible."""
    return QueueSettings(**{"jitter": PROMPT, **others})


class TestApi:
    """What botocore is answered."""

    def test_send_message(self) -> None:
        """A message waits for its delay, then it is visible; its digest is told."""
        with world() as aws:
            told = client().send_message(QueueUrl=URL, MessageBody="héllo", DelaySeconds=900)
            queue = aws.messaging.queue

            assert told["MD5OfMessageBody"] == "be50e8478cf24ff3595bc7307fb91b50"
            assert list(queue.messages) == [told["MessageId"]]
            assert (len(queue.delayed), len(queue.visible), queue.in_flight) == (1, 0, [])
            aws.clock.sleep(900)
            assert (len(queue.delayed), len(queue.visible), queue.in_flight) == (0, 1, [])
        assert aws.calls == [(EPOCH, "sqs", "SendMessage")]

    @pytest.mark.parametrize("delay", [-1, 901])
    def test_delay_has_limits(self, delay: int) -> None:
        """A message is delayed by 0 to 900 s."""
        with world() as aws:
            code, message = refusal(lambda: send(delay=delay))

        assert code == "InvalidParameterValue"
        assert message == (
            f"Value {delay} for parameter DelaySeconds is invalid. "
            "Reason: Must be between 0 and 900, if provided."
        )
        assert not aws.messaging.queue.messages

    def test_a_body_has_a_mebibyte(self) -> None:
        """1,048,576 bytes are taken, one more is not; bytes count, not characters."""
        with world() as aws:
            send("é" * 524_288)
            code, message = refusal(lambda: send("é" * 524_288 + "x"))

        assert len(aws.messaging.queue.messages) == 1
        assert code == "InvalidParameterValue"
        assert message.endswith("Reason: Message must be shorter than 1048576 bytes.")

    def test_an_empty_body_is_none(self) -> None:
        """A message has a body."""
        with world():
            assert refusal(lambda: send(""))[0] == "MissingParameter"

    @pytest.mark.parametrize("bad", ["\x00", "\x1b", "\ufffe", "\uffff"])
    def test_characters_that_xml_lacks(self, bad: str) -> None:
        """Control characters are refused as SQS refuses them; any other text is taken."""
        with world():
            send("\t\r\n é漢😀\ufffd")
            code, message = refusal(lambda: send(f"a{bad}b"))

        assert code == "InvalidMessageContents"
        assert f"'#x{ord(bad):X}'" in message

    def test_no_such_queue(self) -> None:
        """The error has its old code, and the class that is modelled."""
        with world():
            sqs = client()
            with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
                sqs.send_message(QueueUrl=f"{URL}-other", MessageBody="x")

        error = caught.value.response["Error"]
        assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"

    def test_queue_attributes(self) -> None:
        """Counts and settings are told as text, those that are asked for."""
        with world(queue=QueueSettings(visibility_timeout=1000, max_receive_count=7)):
            send()
            send(delay=5)

            def attributes(*names: str) -> dict[str, str]:
                answer = client().get_queue_attributes(QueueUrl=URL, AttributeNames=[*names])
                found: dict[str, str] = answer.get("Attributes", {})
                return found

            some = attributes("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed")
            everything = attributes("All")

        assert set(some.values()) == {"1"}
        assert everything["VisibilityTimeout"] == "1000"
        redrive = json.loads(everything["RedrivePolicy"])
        assert redrive["maxReceiveCount"] == 7
        assert redrive["deadLetterTargetArn"].endswith(":stacksets-dead-letters")

    @pytest.mark.parametrize(
        ("answer", "code"),
        [
            (Answer.THROTTLED, "Throttling"),
            (Answer.SERVER_ERROR, "InternalFailure"),
            (Answer.ACCESS_DENIED, "AccessDenied"),
        ],
    )
    def test_faults(self, answer: Answer, code: str) -> None:
        """Calls go wrong by the same rules as those of CloudFormation."""
        faults = Faults(calls=[CallFault("SendMessage", answer)])
        with world(faults=faults) as aws:
            assert refusal(send)[0] == code
            assert not aws.messaging.queue.messages
            send()

    def test_a_lost_answer(self) -> None:
        """The message is there all the same."""
        faults = Faults(calls=[CallFault("SendMessage", Answer.RESPONSE_LOST)])
        with world(faults=faults) as aws:
            with pytest.raises(ConnectionClosedError):
                send()
            assert len(aws.messaging.queue.messages) == 1

    def test_an_unknown_action(self) -> None:
        """What the function has no business with is an error of the test."""
        with world() as aws:
            with pytest.raises(AssertionError, match="sqs"):
                client().purge_queue(QueueUrl=URL)
            assert len(aws.unexpected) == 1

    def test_the_function_finds_its_queue(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The URL stands in the environment, for the time of the world."""
        monkeypatch.delenv("QUEUE_URL", raising=False)
        with world() as aws:
            assert aws.environment["QUEUE_URL"] == URL == aws.messaging.queue.url

    @pytest.mark.parametrize("bad", [{"maximum_concurrency": 1}, {"visibility_timeout": 43_201}])
    def test_settings_have_limits(self, bad: dict[str, int]) -> None:
        """What AWS refuses in a template, nobody simulates."""
        with pytest.raises(ValueError, match="not"):
            QueueSettings(**bad)  # type: ignore[arg-type]


class TestDelivery:
    """The event source mapping."""

    def test_the_event(self) -> None:
        """One record with all that Lambda puts into it."""
        with world(queue=settings()) as aws:
            consumer = Consumer()
            consumed(aws, consumer)
            send("hello", delay=10)
            aws.scheduler.drain()

        (event,) = consumer.events
        (record,) = event["Records"]
        assert consumer.log == [(10, "hello")]
        assert record["eventSource"] == "aws:sqs"
        assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:111111111111:stacksets"
        assert record["awsRegion"] == "us-east-1"
        assert record["messageId"]
        assert record["receiptHandle"]
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert record["attributes"]["SentTimestamp"] == str(int(EPOCH * 1000))
        first = str(int((EPOCH + 10) * 1000))
        assert record["attributes"]["ApproximateFirstReceiveTimestamp"] == first
        assert not aws.messaging.queue.messages
        assert aws.messaging.queue.deleted == 1

    def test_a_little_late(self) -> None:
        """A message comes 0.1 to 0.4 s after it is visible, the same by the same seed."""

        def lags(seed: int) -> list[float]:
            with world(seed=seed) as aws:
                consumer = Consumer()
                consumed(aws, consumer)
                for _ in range(20):
                    send(delay=5)
                aws.scheduler.drain()
            return [each - 5 for each in consumer.begun]

        assert all(0.1 <= each <= 0.4 for each in lags(1))
        assert lags(1) == lags(1) != lags(2)

    @pytest.mark.parametrize("end", [fail, die])
    def test_a_failure_comes_again(self, end: Callable[[object], None]) -> None:
        """After an error or a death the message is hidden for the rest of its timeout."""
        with world(queue=settings(visibility_timeout=1000)) as aws:
            consumer = Consumer(lambda event: end(event) if len(consumer.log) < 3 else None)
            consumed(aws, consumer)
            send()
            aws.clock.sleep(10)
            assert len(aws.messaging.queue.in_flight) == 1
            aws.scheduler.drain()

        assert consumer.begun == [0, 1000, 2000]
        counts = [
            each["Records"][0]["attributes"]["ApproximateReceiveCount"] for each in consumer.events
        ]
        assert counts == ["1", "2", "3"]
        assert len({each["Records"][0]["receiptHandle"] for each in consumer.events}) == 3

    def test_shortened_visibility(self) -> None:
        """It counts from the call on, once: the next receive has the queue's own timeout again."""
        with world(queue=settings(visibility_timeout=1000)) as aws:

            def does(event: dict[str, Any]) -> None:
                time.sleep(7)
                if len(consumer.log) == 1:
                    change(event, 120)
                if len(consumer.log) < 3:
                    raise SandboxDied

            consumer = Consumer(does)
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()

        assert consumer.begun == [0, 127, 1127]

    def test_visible_at_once(self) -> None:
        """Zero seconds give the message back."""
        with world(queue=settings()) as aws:

            def does(event: dict[str, Any]) -> None:
                change(event, 0)
                raise SandboxDied

            consumer = Consumer(does)
            consumed(aws, consumer)
            send()
            aws.clock.sleep(1)

        assert len(consumer.log) == 10
        assert len(consumer.last_words) == 1

    def test_a_sandbox_outlives_the_timeout(self) -> None:
        """Then the message is delivered again while the first delivery goes on."""
        with world(queue=settings(visibility_timeout=900)) as aws:

            def does(event: dict[str, Any]) -> None:
                if len(consumer.log) == 1:
                    change(event, 60)
                    time.sleep(200)
                else:
                    time.sleep(5)

            consumer = Consumer(does)
            consumed(aws, consumer)
            send()
            aws.clock.sleep(100)
            assert consumer.begun == [0, 60]
            assert not aws.messaging.queue.messages
            aws.scheduler.drain()

        assert len(consumer.log) == 2

    @pytest.mark.parametrize(("old_handles", "deliveries"), [(True, 2), (False, 3)])
    def test_success_by_an_old_handle(self, old_handles: bool, deliveries: int) -> None:  # noqa: FBT001
        """What the first delivery deletes late is gone by one reading, not by another."""
        with world(queue=settings(visibility_timeout=900, old_handles=old_handles)) as aws:

            def does(event: dict[str, Any]) -> None:
                if len(consumer.log) == 1:
                    change(event, 60)
                    time.sleep(200)
                elif len(consumer.log) == 2:
                    raise SandboxDied

            consumer = Consumer(does)
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()

        assert len(consumer.log) == deliveries

    def test_delivered_twice(self) -> None:
        """At least once may be twice, at the same time."""
        with world(queue=settings(delivered_twice=1.0)) as aws:
            consumer = Consumer(lambda _: time.sleep(5))
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()

        assert consumer.begun == [0, 0]
        assert aws.messaging.queue.deleted == 1

    def test_maximum_concurrency(self) -> None:
        """No more are delivered at once, and those that wait are not received meanwhile."""
        with world(queue=settings(maximum_concurrency=2)) as aws:
            consumer = Consumer(lambda _: time.sleep(10))
            consumed(aws, consumer)
            for _ in range(5):
                send()
            aws.clock.sleep(5)
            assert len(aws.messaging.queue.in_flight) == 2
            assert len(aws.messaging.queue.visible) == 3
            aws.scheduler.drain()

        assert consumer.begun == [0, 0, 10, 10, 20]
        assert aws.lambda_usage.highest == 2
        counts = {e["Records"][0]["attributes"]["ApproximateReceiveCount"] for e in consumer.events}
        assert counts == {"1"}

    def test_nobody_consumes(self) -> None:
        """Without a function a message stays, and keeps no world running."""
        with world() as aws:
            send()
            aws.scheduler.drain()
            assert len(aws.messaging.queue.visible) == 1

    def test_a_world_with_an_empty_queue_can_be_copied(self) -> None:
        """A copy has queues of its own."""
        with world(queue=settings()) as aws:
            consumed(aws, Consumer())
            send()
            aws.scheduler.drain()
            twin = copy.deepcopy(aws)
            twin.messaging.queue.send("x")

        assert not aws.messaging.queue.messages
        assert len(twin.messaging.queue.messages) == 1
        assert len(twin.scheduler.others) == 1
        assert not aws.scheduler.others


class TestChangeVisibility:
    """The refusals of ChangeMessageVisibility."""

    def tried(self, late: float, seconds: int, **others: Any) -> tuple[str, str]:
        """The error of a call that comes so late after a delivery that had 60 s."""
        errors = list[tuple[str, str]]()
        with world(queue=settings(**others)) as aws:

            def does(event: dict[str, Any]) -> None:
                if len(consumer.log) == 1:
                    change(event, 60)
                    time.sleep(late)
                    errors.append(refusal(lambda: change(event, seconds)))

            consumer = Consumer(does)
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()
        return errors[0]

    @pytest.mark.parametrize("seconds", [-1, 43_201])
    def test_limits(self, seconds: int) -> None:
        """A message is hidden for 0 s to 12 hours."""
        code, message = self.tried(0, seconds)

        assert code == "InvalidParameterValue"
        assert message.startswith(f"Value {seconds} for parameter VisibilityTimeout is invalid.")

    def test_twelve_hours_in_all(self) -> None:
        """They count from the receive on."""
        code, message = self.tried(10, 43_191)

        assert code == "InvalidParameterValue"
        assert "Total VisibilityTimeout for the message is beyond the limit" in message

    @pytest.mark.parametrize(
        ("reading", "code"),
        [
            ("MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"),
            ("InvalidParameterValue", "InvalidParameterValue"),
        ],
    )
    def test_not_in_flight(self, reading: str, code: str) -> None:
        """A message that is visible again is not hidden by who had it before."""
        jitter = (5.0, 5.0)
        assert self.tried(62, 120, not_in_flight=reading, jitter=jitter)[0] == code

    def test_gone(self) -> None:
        """Once another delivery has deleted it, nobody can hide it."""
        code, message = self.tried(70, 120)

        assert code == "InvalidParameterValue"
        assert message.endswith(
            "Reason: Message does not exist or is not available for visibility timeout change."
        )

    def test_never_issued(self) -> None:
        """A handle that is none has an error of its own."""
        with world():
            sqs = client()
            with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
                sqs.change_message_visibility(
                    QueueUrl=URL, ReceiptHandle="none", VisibilityTimeout=5
                )

    @pytest.mark.parametrize("old_handles", [True, False])
    def test_in_flight_again(self, old_handles: bool) -> None:  # noqa: FBT001
        """The handle of an earlier receive works by one reading, and does not by another."""
        errors = list[str]()
        with world(queue=settings(old_handles=old_handles)) as aws:

            def does(event: dict[str, Any]) -> None:
                if len(consumer.log) > 1:
                    time.sleep(100)
                    return
                change(event, 60)
                time.sleep(70)
                try:
                    change(event, 200)
                except ClientError as error:
                    errors.append(error.response["Error"]["Code"])

            consumer = Consumer(does)
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()

        assert errors == ([] if old_handles else ["InvalidParameterValue"])


class TestDeadLetters:
    """What was received too often."""

    def test_the_last_word(self) -> None:
        """After maxReceiveCount receives the message goes to the last word, as a record of SQS."""
        with world(queue=settings(visibility_timeout=900, max_receive_count=3)) as aws:
            consumer = Consumer(die)
            served = consumed(aws, consumer)
            send("hello")
            aws.scheduler.drain()

        assert consumer.begun == [0, 900, 1800]
        ((moment, event),) = consumer.last_words
        record = event["Records"][0]
        assert (moment, record["body"]) == (2700, "hello")
        assert record["messageId"] == consumer.events[0]["Records"][0]["messageId"]
        assert record["eventSourceARN"].endswith(":stacksets-dead-letters")
        source = record["attributes"]["DeadLetterQueueSourceArn"]
        assert source == aws.messaging.queue.arn
        assert record["attributes"]["SentTimestamp"] == str(int(EPOCH * 1000))
        assert served.deaths == 3
        assert not aws.messaging.dead_letters.messages

    def test_a_last_word_that_fails(self) -> None:
        """It is tried until the message is four days old; then the message is lost, and counted."""
        with world(queue=settings(visibility_timeout=43_200, max_receive_count=1)) as aws:
            consumer = Consumer(die)
            consumer.speaks = fail
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()

        assert [moment for moment, _ in consumer.last_words] == [
            43_200 * number for number in range(1, 8)
        ]
        assert len(aws.messaging.dead_letters.expired) == 1

    def test_a_last_word_that_fails_once(self) -> None:
        """The next one is heard."""
        with world(queue=settings(visibility_timeout=900, max_receive_count=1)) as aws:
            consumer = Consumer(die)
            consumer.speaks = lambda event: fail(event) if len(consumer.last_words) == 1 else None
            consumed(aws, consumer)
            send()
            aws.scheduler.drain()

        assert [moment for moment, _ in consumer.last_words] == [900, 1800]
        assert aws.messaging.dead_letters.deleted == 1


class TestRequests:
    """Messages that carry a request on."""

    def relayed(self, aws: VirtualAWS, body: str) -> tuple[Lambda, Consumer]:
        """A Lambda that has served a request by leaving a message for 100 s later."""
        consumer = Consumer()

        class First(Consumer):
            def handler(self, event: dict[str, Any], context: object) -> None:
                if "Records" in event:
                    consumer.handler(event, context)
                else:
                    send(body, delay=100)

        function = First()
        return Lambda(aws, Sandboxes(function, lambda: function)), consumer

    @pytest.mark.parametrize("body", ["compressed", '{"RequestId": "1"}'])
    def test_a_request_lives_in_its_message(self, body: str) -> None:
        """Who delivers a request waits for its message as well, whatever is written in it."""
        with world(queue=settings()) as aws:
            served, consumer = self.relayed(aws, body)
            served.deliver({"RequestType": "Create", "RequestId": "1"})

            assert consumer.log == [(100, body)]
            assert not served.is_busy_with("1")

    def test_each_function_has_its_own_messages(self) -> None:
        """Where two stacks have a Lambda each, a message comes back to the one that sent it."""
        with world(queue=settings()) as aws:
            (first, one), (second, two) = self.relayed(aws, "a"), self.relayed(aws, "b")
            second.start({"RequestType": "Create", "RequestId": "2"})
            aws.clock.sleep(50)
            assert second.is_busy_with("2")
            assert not first.is_busy_with("2")
            aws.scheduler.drain()

        assert (one.log, two.log) == ([], [(100, "b")])
