"""CreateStackSet, UpdateStackSet, DescribeStackSet, DeleteStackSet, ListStackSets."""

from typing import Any

import pytest

from tests.emulator.bench import EAST, NAME, OTHER, STAGE, TOPIC, WEST, A, Bench, parameter

ROLE = (
    "Resources: {Role: {Type: AWS::IAM::Role, Properties: "
    "{AssumeRolePolicyDocument: {}, RoleName: x}}}"
)
UNNAMED = "Resources: {Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}}"


class TestCreate:
    """CreateStackSet."""

    def test_id_is_name_and_uuid(self, bench: Bench) -> None:
        """The StackSetId is the name, a colon and a uuid."""
        name, _, uuid = bench.create().partition(":")

        assert name == NAME
        assert [len(part) for part in uuid.split("-")] == [8, 4, 4, 4, 12]

    def test_repeat_with_the_same_token_gives_the_same_id(self, bench: Bench) -> None:
        """The same token and content is the same stack set."""
        assert bench.create(ClientRequestToken="t") == bench.create(ClientRequestToken="t")
        assert len(bench.engine.stack_sets) == 1

    def test_repeat_after_a_change_is_told(self, bench: Bench) -> None:
        """The same token after somebody changed the stack set is CreatedButModified."""
        bench.create(ClientRequestToken="t")
        bench.update(Description="changed")

        error = bench.refuse(
            "CreateStackSet", TemplateBody=TOPIC, Parameters=[STAGE], ClientRequestToken="t"
        )

        assert (error.code, error.status) == ("CreatedButModifiedException", 409)

    def test_name_in_use(self, ready: Bench) -> None:
        """Another token with a name in use is refused."""
        error = ready.refuse("CreateStackSet", TemplateBody=TOPIC, Parameters=[STAGE])

        assert (error.code, error.status) == ("NameAlreadyExistsException", 409)

    def test_name_of_a_deleted_set_is_free(self, ready: Bench) -> None:
        """A deleted stack set's name may be used again, by a set with another id."""
        first = ready.engine.stack_sets.find(NAME).stack_set_id
        ready.call("DeleteStackSet")

        assert ready.create() != first

    @pytest.mark.parametrize("name", ["1st", "under_score", "", "x" * 129])
    def test_name_is_checked(self, bench: Bench, name: str) -> None:
        """A name begins with a letter, has letters, digits and hyphens, at most 128."""
        error = bench.refuse(
            "CreateStackSet", StackSetName=name, TemplateBody=TOPIC, Parameters=[STAGE]
        )

        assert error.code == "ValidationError"
        assert "stackSetName" in error.message

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {
                "TemplateBody": TOPIC,
                "TemplateURL": "https://bucket.s3.amazonaws.com/good",
                "Parameters": [STAGE],
            },
            {"TemplateBody": "{"},
            {"TemplateBody": "just text"},
            {"TemplateBody": "Resources: {}"},
            {"TemplateBody": "Resources: {A: {Properties: {}}}"},
            {"TemplateBody": TOPIC + "#" * 51_200, "Parameters": [STAGE]},
            {"TemplateURL": "https://bucket.s3.amazonaws.com/big", "Parameters": [STAGE]},
            {"TemplateURL": "https://bucket.s3.amazonaws.com/missing"},
            {"TemplateURL": "https://example.com/t"},
            {"TemplateBody": TOPIC},
            {"TemplateBody": TOPIC, "Parameters": [STAGE, parameter("Nope", "x")]},
            {"TemplateBody": TOPIC, "Parameters": [STAGE, STAGE]},
            {"TemplateBody": TOPIC, "Parameters": [parameter("Stage", None)]},
            {"TemplateBody": TOPIC, "Parameters": [{"ParameterKey": "Stage"}]},
            {"PermissionModel": "SERVICE_MANAGED", "TemplateBody": TOPIC, "Parameters": [STAGE]},
        ],
        ids=[
            "no template",
            "two templates",
            "broken",
            "no mapping",
            "no resources",
            "no type",
            "body too long",
            "object too long",
            "no object",
            "no S3 URL",
            "missing parameter",
            "unknown parameter",
            "parameter twice",
            "no previous value",
            "no value",
            "service-managed",
        ],
    )
    def test_bad_input_is_a_validation_error(self, bench: Bench, asked: dict[str, Any]) -> None:
        """What cannot be deployed is refused at once."""
        bench.objects["bucket", "good"] = TOPIC.encode()
        bench.objects["bucket", "big"] = TOPIC.encode() + b"#" * 1024 * 1024
        assert bench.refuse("CreateStackSet", **asked).code == "ValidationError"
        assert not bench.engine.stack_sets

    def test_template_from_s3(self, bench: Bench) -> None:
        """TemplateURL is read once, when the call is made."""
        bench.objects["bucket", "a/b.yaml"] = TOPIC.encode()
        bench.create(TemplateBody=None, TemplateURL="https://bucket.s3.amazonaws.com/a/b.yaml")
        bench.objects.clear()

        assert bench.call("DescribeStackSet")["StackSet"]["TemplateBody"] == TOPIC

    @pytest.mark.parametrize(
        ("template", "given", "missing"),
        [
            (UNNAMED, [], "CAPABILITY_IAM"),
            (ROLE, [], "CAPABILITY_NAMED_IAM"),
            (ROLE, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
            (f"Transform: AWS::Serverless-2016-10-31\n{TOPIC}", [], "CAPABILITY_AUTO_EXPAND"),
        ],
    )
    def test_capabilities_are_required(
        self, bench: Bench, template: str, given: list[str], missing: str
    ) -> None:
        """IAM resources, named ones and macros each need their capability."""
        error = bench.refuse("CreateStackSet", TemplateBody=template, Capabilities=given)

        assert error.code == "InsufficientCapabilitiesException"
        assert missing in error.message

    def test_named_iam_covers_iam(self, bench: Bench) -> None:
        """CAPABILITY_NAMED_IAM is enough for unnamed IAM resources."""
        bench.create(TemplateBody=UNNAMED, Parameters=[], Capabilities=["CAPABILITY_NAMED_IAM"])

    @pytest.mark.parametrize(
        "tags",
        [
            [{"Key": f"k{n}", "Value": "v"} for n in range(51)],
            [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
            [{"Key": "aws:cloudformation:x", "Value": "v"}],
        ],
        ids=["too many", "twice", "reserved"],
    )
    def test_tags_are_limited(self, bench: Bench, tags: list[dict[str, str]]) -> None:
        """At most 50 tags, each key once, none of AWS's own."""
        error = bench.refuse("CreateStackSet", TemplateBody=TOPIC, Parameters=[STAGE], Tags=tags)

        assert error.code == "ValidationError"

    def test_limits_themselves_are_fine(self, bench: Bench) -> None:
        """50 tags and a body of 51,200 bytes are accepted."""
        tags = [{"Key": f"k{n}", "Value": "v"} for n in range(50)]

        assert bench.create(TemplateBody=TOPIC.ljust(51_200), Tags=tags)


class TestDescribe:
    """DescribeStackSet."""

    def test_everything_is_shown(self, bench: Bench) -> None:
        """Parameters come with defaults and masked secrets, roles with their defaults."""
        stack_set_id = bench.create(
            Description="net", Tags=[{"Key": "a", "Value": "b"}], Capabilities=["CAPABILITY_IAM"]
        )

        assert bench.call("DescribeStackSet")["StackSet"] == {
            "StackSetName": NAME,
            "StackSetId": stack_set_id,
            "StackSetARN": f"arn:aws:cloudformation:{EAST}:{A}:stackset/{stack_set_id}",
            "Description": "net",
            "Status": "ACTIVE",
            "TemplateBody": TOPIC,
            "Parameters": [
                {**parameter("Stage", "test"), "UsePreviousValue": False},
                {**parameter("Size", "3"), "UsePreviousValue": False},
                {**parameter("Secret", "****"), "UsePreviousValue": False},
            ],
            "Capabilities": ["CAPABILITY_IAM"],
            "Tags": [{"Key": "a", "Value": "b"}],
            "AdministrationRoleARN": (
                f"arn:aws:iam::{A}:role/AWSCloudFormationStackSetAdministrationRole"
            ),
            "ExecutionRoleName": "AWSCloudFormationStackSetExecutionRole",
            "PermissionModel": "SELF_MANAGED",
            "ManagedExecution": {"Active": False},
            "StackSetDriftDetectionDetails": {
                "DriftStatus": "NOT_CHECKED",
                "TotalStackInstancesCount": 0,
                "DriftedStackInstancesCount": 0,
                "InSyncStackInstancesCount": 0,
                "InProgressStackInstancesCount": 0,
                "FailedStackInstancesCount": 0,
            },
            "OrganizationalUnitIds": [],
            "Regions": [],
        }

    def test_deleted_set_by_id_and_by_name(self, ready: Bench) -> None:
        """A deleted stack set is described by id only."""
        stack_set_id = ready.stack_set.stack_set_id
        ready.call("DeleteStackSet")

        gone = ready.call("DescribeStackSet", StackSetName=stack_set_id)
        error = ready.refuse("DescribeStackSet")

        assert gone["StackSet"]["Status"] == "DELETED"
        assert (error.code, error.status) == ("StackSetNotFoundException", 404)

    def test_by_id(self, ready: Bench) -> None:
        """The id works wherever the name does; of a deleted stack set only here."""
        stack_set_id = ready.stack_set.stack_set_id

        assert ready.call("ListStackInstances", StackSetName=stack_set_id) == {"Summaries": []}
        assert ready.call("DeleteStackSet", StackSetName=stack_set_id) == {}
        assert ready.call("DescribeStackSet", StackSetName=stack_set_id)["StackSet"]
        error = ready.refuse("ListStackInstances", StackSetName=stack_set_id)
        assert error.code == "StackSetNotFoundException"


class TestDelete:
    """DeleteStackSet."""

    def test_instances_forbid_it(self, ready: Bench) -> None:
        """A stack set with instances is not empty."""
        ready.deploy([A])
        ready.wait()

        error = ready.refuse("DeleteStackSet")

        assert (error.code, error.status) == ("StackSetNotEmptyException", 409)

    def test_running_operation_forbids_it(self, ready: Bench) -> None:
        """While an operation runs the stack set stays."""
        ready.engine.occupy(NAME, 60)

        assert ready.refuse("DeleteStackSet").code == "OperationInProgressException"

    def test_missing_set_succeeds(self, ready: Bench) -> None:
        """Deleting what is gone, or never was, succeeds."""
        assert ready.call("DeleteStackSet") == {}
        assert ready.call("DeleteStackSet") == {}


class TestList:
    """ListStackSets."""

    def test_filter_by_status(self, ready: Bench) -> None:
        """Status chooses between those that are there and those that were."""
        ready.call("DeleteStackSet")
        ready.create()

        def listed(**asked: str) -> list[str]:
            summaries = ready.engine.call("ListStackSets", asked)["Summaries"]
            return [summary["Status"] for summary in summaries]

        assert listed() == ["DELETED", "ACTIVE"]
        assert listed(Status="ACTIVE") == ["ACTIVE"]
        assert listed(Status="DELETED") == ["DELETED"]


def test_unknown_action(bench: Bench) -> None:
    """What the emulator does not know is no action at all."""
    assert bench.refuse("ListStackInstanceResourceDrifts").code == "InvalidAction"


def test_template_url_versions(bench: Bench) -> None:
    """A versionId in the URL chooses the version of the template."""
    bench.objects["bucket", "t.yaml"] = [TOPIC.encode(), OTHER.encode()]
    url = f"https://s3.{WEST}.amazonaws.com/bucket/t.yaml"
    bench.create(TemplateBody=None, TemplateURL=url + "?versionId=1")
    first = bench.stack_set.configuration.template_body
    bench.update(TemplateURL=url)

    assert (first, bench.stack_set.configuration.template_body) == (TOPIC, OTHER)
