"""S3, Lambda, STS and response URLs of the virtual AWS."""

import os
import time
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest
import urllib3

from emulator.virtual.aws import EPOCH, RESPONSE_HOST, DeployedStack, world
from tests.emulator.bench import TOPIC, WEST, B

URL = f"https://{RESPONSE_HOST}/bucket?Signature=x"


def client(service: str = "cloudformation", **config: Any) -> Any:
    """Return a client as the product makes it."""
    make: Any = boto3.client
    return make(service, config=botocore.config.Config(**config))


def put(body: str = "{}") -> int:
    """Send a response as the product does; return the status."""
    answer = urllib3.PoolManager().request(
        "PUT", URL, body=body, headers={"content-type": ""}, retries=False, timeout=5.0
    )
    return int(answer.status)


class TestS3:
    """S3 GetObject and TemplateURL."""

    def test_get_object(self) -> None:
        """Objects come in versions, the newest by default."""
        with world(objects={("bucket", "a b/t.yaml"): [b"old", b"new"]}):
            s3 = client("s3")

            def read(**version: str) -> bytes:
                answer = s3.get_object(Bucket="bucket", Key="a b/t.yaml", **version)
                body: bytes = answer["Body"].read()
                return body

            assert (read(), read(VersionId="1")) == (b"new", b"old")
            with pytest.raises(s3.exceptions.NoSuchKey):
                s3.get_object(Bucket="bucket", Key="missing")

    def test_list_object_versions(self) -> None:
        """Versions come by key, the newest first, and equal ones have the same ETag."""
        with world(objects={("bucket", "t"): [b"x", b"y", b"x"], ("bucket", "t2"): b"z"}):
            listed = client("s3").list_object_versions(Bucket="bucket", Prefix="t")["Versions"]

        places = [(each["Key"], each["VersionId"]) for each in listed]
        assert places == [("t", "3"), ("t", "2"), ("t", "1"), ("t2", "1")]
        assert listed[0]["ETag"] == listed[2]["ETag"] != listed[1]["ETag"]

    @pytest.mark.parametrize(
        "url",
        [
            "https://bucket.s3.amazonaws.com/a/t.yaml",
            f"https://bucket.s3.{WEST}.amazonaws.com/a/t.yaml",
            f"https://bucket.s3-{WEST}.amazonaws.com/a/t.yaml",
            f"https://bucket.s3.dualstack.{WEST}.amazonaws.com/a/t.yaml",
            "https://bucket.s3.cn-north-1.amazonaws.com.cn/a/t.yaml",
            "https://s3.amazonaws.com/bucket/a/t.yaml",
            f"https://s3.{WEST}.amazonaws.com/bucket/a/t.yaml",
            f"https://s3-{WEST}.amazonaws.com/bucket/a/t.yaml",
        ],
    )
    def test_template_urls(self, url: str) -> None:
        """A template is found by every form of its URL."""
        with world(objects={("bucket", "a/t.yaml"): TOPIC.encode()}):
            answer = client().get_template_summary(TemplateURL=url)

        assert answer["ResourceTypes"] == ["AWS::SNS::Topic"]


class TestOtherServices:
    """Lambda, STS and what is not known."""

    def test_invoke(self) -> None:
        """An asynchronous invocation is accepted and noted."""
        with world() as aws:
            answer = client("lambda").invoke(
                FunctionName="us", InvocationType="Event", Payload=b'{"a": 1}'
            )

            assert answer["StatusCode"] == 202
            assert aws.invocations == [(EPOCH, "us", {"a": 1})]

    def test_caller(self) -> None:
        """The caller is of the engine's account."""
        with world(account=B):
            assert client("sts").get_caller_identity()["Account"] == B

    def test_roles_of_members(self) -> None:
        """Only a role that is there is taken, and a session sees the stacks of its account."""
        with world() as aws:
            aws.members.role_name = "Reader"
            aws.members.outputs = lambda account, region: {"Place": f"{account} in {region}"}
            aws.deployer.stacks[B, WEST, "Set:1"] = DeployedStack("arn:x", "x", "{}", {}, {})
            sts = client("sts")
            for wrong in ("Other", ""):
                with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
                    sts.assume_role(RoleArn=f"arn:aws:iam::{B}:role/{wrong}", RoleSessionName="us")
            role = {"RoleArn": f"arn:aws:iam::{B}:role/Reader", "RoleSessionName": "us"}
            taken = sts.assume_role(**role)["Credentials"]
            session = boto3.Session(
                taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]
            )
            here: Any = session.client("cloudformation", WEST)
            [stack] = here.describe_stacks(StackName="arn:x")["Stacks"]
            assert stack["Outputs"] == [{"OutputKey": "Place", "OutputValue": f"{B} in {WEST}"}]
            elsewhere: Any = session.client("cloudformation", "eu-west-1")
            with pytest.raises(botocore.exceptions.ClientError, match="does not exist"):
                elsewhere.describe_stacks(StackName="arn:x")
            assert aws.members.sessions == [(B, "us")]

    @pytest.mark.parametrize(
        "call",
        [
            lambda: client("ec2").describe_vpcs(),
            lambda: client("lambda").invoke(FunctionName="us"),
            lambda: client("s3").list_buckets(),
            lambda: client("sts").get_session_token(),
            lambda: urllib3.PoolManager().request("GET", "https://example.com"),
        ],
        ids=["service", "invocation type", "s3", "sts", "http"],
    )
    def test_unknown(self, call: Any) -> None:
        """Whatever else is asked is told clearly."""
        with world() as aws:
            with pytest.raises(AssertionError, match="does not know this request"):
                call()

            assert len(aws.unexpected) == 1

    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Credentials and Region are dummies inside, and as before outside."""
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere")
        monkeypatch.delenv("AWS_REGION", raising=False)
        with world(region=WEST):
            assert os.environ["AWS_REGION"] == WEST
            assert "AWS_ENDPOINT_URL" not in os.environ

        assert os.environ["AWS_ENDPOINT_URL"] == "https://elsewhere"
        assert "AWS_REGION" not in os.environ


class TestResponses:
    """The PUT to a custom resource's response URL."""

    def test_recorded(self) -> None:
        """What the function tells CloudFormation is caught."""
        with world() as aws:
            time.sleep(5)
            assert put('{"Status": "SUCCESS"}') == 200
            assert aws.responses == [(EPOCH + 5, 200, {"Status": "SUCCESS"})]
            assert aws.calls == [(EPOCH + 5, "response", "PUT")]

    def test_refused_and_broken(self) -> None:
        """The next answers may be errors or broken connections."""
        with world() as aws:
            broken = urllib3.exceptions.ProtocolError("reset")
            aws.response_answers.extend([500, 403, broken])

            assert (put(), put()) == (500, 403)
            with pytest.raises(urllib3.exceptions.ProtocolError):
                put()
            assert put() == 200
            assert [delivery.status for delivery in aws.responses] == [500, 403, None, 200]
