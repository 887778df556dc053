"""What a deployment looks at before it changes a stack: its state, architecture and rights."""

from typing import Any

import pytest

from tests.packaging.answers import (
    ACCOUNT,
    DENIED,
    NOBODY_IMPORTS,
    Answers,
    function,
    importing,
    stack_sets,
)
from tools import architecture, preferences, rights, standing
from tools.aws import AwsError
from tools.deploy import Deployment
from tools.identity import Caller
from tools.standing import DeployFailed, Standing

CALLER = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
OLD = Standing("S", {"ModuleName": "lambda_function", "RoleName": "", "RolePath": ""})
NAMED = {rights.ROLES: [rights.DEFAULT_ROLE], rights.BUCKETS: ["known-*"], rights.OWNERS: []}

CONSUMER = """
    Resources:
      Set: {Type: Custom::StackSet, Properties: {ServiceToken: t,
        TemplateURL: "https://s3.amazonaws.com/BUCKET/t.yaml"}}
"""


def _losses(
    answers: dict[str, Any], stack: Standing = OLD, named: dict[str, list[str]] = NAMED
) -> list[str]:
    seen = {**NOBODY_IMPORTS, **stack_sets({}), "head-bucket": None}
    aws = Answers(given={**seen, **answers})
    return [str(each) for each in rights.find_losses(aws, ACCOUNT, stack, named)]


class TestStanding:
    """The stack as it is."""

    def test_no_stack(self) -> None:
        """Where no stack is, nothing is kept."""
        gone = AwsError("An error occurred (ValidationError) when calling X: S does not exist")
        assert standing.find(Answers(given={"describe-stacks": gone}), "S") is None

    def test_only_a_change_set(self) -> None:
        """A stack that only a change set has named holds nothing yet."""
        review = {"Stacks": [{"StackStatus": "REVIEW_IN_PROGRESS"}]}
        assert standing.find(Answers(given={"describe-stacks": review}), "S") is None

    def test_parameters(self) -> None:
        """What its parameters and tags are is read along."""
        given = [{"ParameterKey": "RoleName", "ParameterValue": "R"}]
        tags = [{"Key": "team", "Value": "a"}]
        stack = {"StackStatus": "UPDATE_COMPLETE", "Parameters": given, "Tags": tags}
        found = standing.find(Answers(given={"describe-stacks": {"Stacks": [stack]}}), "S")
        assert found == Standing("S", {"RoleName": "R"}, {"team": "a"})

    @pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", *standing.STUCK])
    def test_states_that_take_no_update(self, status: str) -> None:
        """A stack that would refuse the update is named with its state and what helps."""
        stuck = Answers(given={"describe-stacks": {"Stacks": [{"StackStatus": status}]}})
        with pytest.raises(DeployFailed, match=f"Stack S is in {status}: "):
            standing.find(stuck, "S")

    def test_overrides(self) -> None:
        """Values may hold commas and equals signs, and may be empty."""
        words = ["A=x,y", "B=c=d", "C="]
        assert standing.read_overrides(words, "ABC") == {"A": "x,y", "B": "c=d", "C": ""}

    @pytest.mark.parametrize("word", ["file://parameters.json", "NAME", "[1]", "=x"])
    def test_words_that_are_no_overrides(self, word: str) -> None:
        """Forms that only the AWS CLI knows are refused, since a parameter may have to be added."""
        with pytest.raises(DeployFailed, match="NAME=VALUE"):
            standing.read_overrides([word], ["NAME"])

    def test_parameters_that_there_are_not(self) -> None:
        """The AWS CLI drops a name that is spelled wrong without a word; here it is refused."""
        with pytest.raises(DeployFailed, match=r"no parameter LogLevl; did you mean LogLevel\?"):
            standing.read_overrides(["LogLevl=DEBUG"], ["LogLevel", "RoleName"])
        with pytest.raises(DeployFailed, match=r"no parameter X; it has LogLevel, RoleName\."):
            standing.read_overrides(["X=1"], ["LogLevel", "RoleName"])

    def test_parameters_with_two_values(self) -> None:
        """Which of them was meant nobody knows."""
        with pytest.raises(DeployFailed, match="gives A two values"):
            standing.read_overrides(["A=1", "A=2"], "A")

    def test_the_export_of_another_stack(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A second stack does not take over the name by which templates use the function."""
        arn = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/Old/0a1b"
        aws = Answers(given={"list-exports": {"Exports": [{"Name": "E", "ExportingStackId": arn}]}})
        with pytest.raises(DeployFailed, match=r"Stack Old exports E already.*--stack-name Old"):
            standing.check_export(aws, "New", "E")
        standing.check_export(aws, "Old", "E")
        standing.check_export(aws, "New", "F")
        standing.check_export(Answers(given={"list-exports": DENIED}), "New", "E")
        assert capsys.readouterr().out.startswith("Warning: it cannot be seen who exports E")


class TestArchitecture:
    """Which architecture an update is given."""

    @pytest.mark.parametrize("there", ["x86_64", "arm64"])
    def test_what_is_there_stays(self, there: str) -> None:
        """A template that knew no such parameter leaves the function where it is."""
        aws = Answers(given=function("python3.12", there))
        assert architecture.settle(aws, OLD, {}) == {"Architecture": there}

    def test_a_stack_of_ours_keeps_its_parameter(self) -> None:
        """Where the stack has the parameter, CloudFormation keeps it, and nobody is asked."""
        aws = Answers()
        assert architecture.settle(aws, Standing("S", {"Architecture": "x86_64"}), {}) == {}
        assert not aws.asked

    @pytest.mark.parametrize("runtime", ["python2.7", "python3.6", "python3.7"])
    def test_an_old_runtime_goes_first(self, runtime: str) -> None:
        """A runtime without arm64 is refused it, with the two steps that lead there."""
        aws = Answers(given=function(runtime, "x86_64"))
        with pytest.raises(DeployFailed) as refused:
            architecture.settle(aws, OLD, {"Architecture": "arm64"})
        assert f"the-function runs {runtime}, which Lambda has only on x86_64" in str(refused.value)
        assert "first without Architecture" in str(refused.value)
        assert "--parameter-overrides Architecture=arm64" in str(refused.value)

    def test_a_runtime_with_both(self) -> None:
        """What exists on both may change both at once."""
        aws = Answers(given=function("python3.13", "x86_64"))
        assert architecture.settle(aws, OLD, {"Architecture": "arm64"}) == {}

    def test_saying_what_is_there(self) -> None:
        """Even an old runtime may be told the architecture that it has."""
        aws = Answers(given=function("python3.6", "x86_64"))
        assert architecture.settle(aws, OLD, {"Architecture": "x86_64"}) == {}

    def test_no_right_to_look(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Without the right, Lambda's default is taken, with one line of warning."""
        aws = Answers(given={**function("", ""), "get-function-configuration": DENIED})
        assert architecture.settle(aws, OLD, {}) == {"Architecture": "x86_64"}
        [line] = capsys.readouterr().out.splitlines()
        assert line.startswith("Warning: ")
        assert "AccessDenied" in line

    def test_a_stack_without_the_function(self) -> None:
        """A stack that lost its function takes the template's own default."""
        gone = AwsError("An error occurred (ValidationError) when calling X: R does not exist")
        aws = Answers(given={"describe-stack-resource": gone})
        assert architecture.settle(aws, OLD, {}) == {}


class TestPreferences:
    """How operations go after an upgrade where a template says nothing."""

    def test_what_held_stays(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A template that knew no such parameter leaves operations as careful as they were."""
        assert preferences.settle(OLD, {}) == {"DefaultOperationPreferences": "CAREFUL"}
        assert "DefaultOperationPreferences=BALANCED" in capsys.readouterr().out

    def test_what_is_asked_for(self) -> None:
        """What the user gives holds."""
        assert preferences.settle(OLD, {"DefaultOperationPreferences": "FAST"}) == {}

    def test_a_stack_of_ours_keeps_its_parameter(self) -> None:
        """Where the stack has the parameter, CloudFormation keeps it."""
        standing_stack = Standing("S", {"DefaultOperationPreferences": "BALANCED"})
        assert preferences.settle(standing_stack, {}) == {}


class TestRights:
    """What would no longer be allowed."""

    def test_nothing_in_use(self) -> None:
        """Rights that nobody uses may go."""
        assert _losses({}) == []

    def test_roles(self) -> None:
        """Each role that is named no more is told once, with its path and all who need it."""
        used = {"a": "Own", "b": "team/Own", "c": rights.DEFAULT_ROLE}
        used |= dict.fromkeys("defg", "Own")
        assert _losses(stack_sets(used)) == [
            "pass role Own, as stack set a, d, e and 2 more needs",
            "pass role team/Own, as stack set b needs",
        ]

    def test_refused_with_the_parameters_to_set(self) -> None:
        """The values to give are those that the user or the stack has, and the lost ones."""
        given = {**NOBODY_IMPORTS, **stack_sets({"a": "Own", "b": "Two"})}
        deployment = Deployment(Answers(given=given), CALLER, "bucket", "S", {rights.ROLES: "Two"})
        with pytest.raises(DeployFailed) as refused:
            deployment._check_rights(OLD)
        mend = "AdministrationRoleNames=Two,Own"
        assert str(refused.value).splitlines() == [
            "After this deployment the function may no longer",
            "  pass role Own, as stack set a needs",
            f"Nothing has been changed. Add to --parameter-overrides: {mend}",
            "or, if the function needs none of it, go on with --accept-fewer-rights.",
        ]

    def test_gone_on_all_the_same(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Who accepts fewer rights is still told what they lose."""
        aws = Answers(given={**NOBODY_IMPORTS, **stack_sets({"a": "Own"})})
        Deployment(aws, CALLER, "bucket", accepts_fewer_rights=True)._check_rights(OLD)
        assert capsys.readouterr().out.splitlines() == [
            "Warning: After this deployment the function may no longer",
            "  pass role Own, as stack set a needs",
        ]

    def test_execution_roles(self) -> None:
        """Narrowing which stack sets may take tells those in use, once for both parameters."""
        answers = stack_sets({"a": "One", "b": "One"})
        answers["list-stack-sets"]["Summaries"] += [
            {"StackSetName": name, "PermissionModel": "SERVICE_MANAGED"} for name in ("org", "own")
        ]
        names = {"a": "Team", "org": "stacksets-exec-0a1b", "own": "stacksets-exec-custom-Own"}
        for name, role in names.items():
            shown = answers.setdefault(f"describe-stack-set {name}", {"StackSet": {}})
            shown["StackSet"]["ExecutionRoleName"] = role
        named = {rights.ROLES: ["*"], rights.EXECUTION_ROLES: ["Other"]}
        roles = {"AWSCloudFormationStackSetExecutionRole": "b", "Team": "a"}
        roles["stacksets-exec-custom-Own"] = "own"
        assert _losses(answers, named=named) == [
            f"have execution role {role} taken, as stack set {name} needs"
            for role, name in roles.items()
        ]
        narrowed = Standing("S", {rights.ROLES: "*", rights.EXECUTION_ROLES: "Other,Team"})
        assert _losses(answers, narrowed, named) == [
            "have execution role Team taken, as stack set a needs"
        ]
        assert _losses(answers, named={rights.EXECUTION_ROLES: ["*"]}) == []

    def test_service_managed_stack_sets_have_no_role(self) -> None:
        """A stack set of the organization is not asked for its role."""
        summary = {"StackSetName": "org", "PermissionModel": "SERVICE_MANAGED"}
        assert _losses({"list-stack-sets": {"Summaries": [summary]}}) == []

    def test_buckets(self) -> None:
        """Buckets of the importing stacks are told, as their parameters make them."""
        text = """
            Parameters: {Bucket: {Type: String}, Secret: {Type: String, NoEcho: true}}
            Conditions: {Never: !Equals [a, b]}
            Resources:
              Path: {Type: Custom::StackSet, Properties: {ServiceToken: t,
                TemplateURL: !Sub "https://s3.amazonaws.com/${Bucket}/t.yaml"}}
              Host: {Type: Custom::Other, Properties: {ServiceToken: t,
                TemplateURL: "https://known-1.s3.eu-west-1.amazonaws.com/t.yaml"}}
              Later: {Type: Custom::StackSet, Properties: {ServiceToken: t,
                TemplateURL: !GetAtt Other.Url}}
              Body: {Type: Custom::StackSet, Properties: {ServiceToken: t, TemplateBody: x}}
              Off: {Type: Custom::StackSet, Condition: Never, Properties: {ServiceToken: t,
                TemplateURL: "https://off.s3.amazonaws.com/t.yaml"}}
              Nested: {Type: AWS::CloudFormation::Stack, Properties: {
                TemplateURL: "https://nested.s3.amazonaws.com/t.yaml"}}
        """
        found = _losses(importing("app", text, Bucket="mine", Secret="****"))
        assert found == ["read bucket mine, as resource app.Path needs"]

    @pytest.mark.parametrize(
        ("owner", "accounts", "lost"),
        [
            (ACCOUNT, [], False),
            ("222222222222", ["222222222222"], False),
            ("222222222222", [], True),
            ("222222222222", ["333333333333"], True),
        ],
    )
    def test_buckets_of_other_accounts(
        self, owner: str, accounts: list[str], *, lost: bool
    ) -> None:
        """A bucket that the names allow is told where it is another account's that nobody names."""
        text = CONSUMER.replace("BUCKET", "known-1")
        seen = {"head-bucket": DENIED, "head-bucket known-1": None, f"head-bucket {owner}": None}
        named = {**NAMED, rights.OWNERS: accounts}
        told = ["read bucket known-1 of another account, as resource app.Set needs"]
        found = _losses({**importing("app", text), **seen}, named=named)
        assert found == (told if lost else [])

    def test_buckets_that_nobody_may_look_at(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Whose a bucket is that may not be seen is not known: a warning, no refusal."""
        text = CONSUMER.replace("BUCKET", "known-1")
        assert _losses({**importing("app", text), "head-bucket": DENIED}) == []
        [line] = capsys.readouterr().out.splitlines()
        assert line.startswith("Warning: it cannot be seen whose bucket known-1 is")

    def test_the_account_to_name(self) -> None:
        """The parameter to add says whose number goes there."""
        text = CONSUMER.replace("BUCKET", "cf-templates-1")
        given = {**stack_sets({}), **importing("app", text), "head-bucket": DENIED}
        aws = Answers(given={**given, "head-bucket cf-templates-1": None})
        with pytest.raises(DeployFailed, match="TemplateBucketAccounts=ACCOUNT_OF_cf-templates-1"):
            Deployment(aws, CALLER, "bucket", "S")._check_rights(OLD)

    @pytest.mark.parametrize("text", ["Resources: [", "", "text", "Resources: {A: , B: {}}"])
    def test_a_template_that_is_none(self, text: str) -> None:
        """What cannot be read as a template has no buckets that anybody could name."""
        assert _losses(importing("app", text)) == []

    def test_unchanged_rights_cost_no_look(self) -> None:
        """A stack that names the same already is not looked at: nothing shrinks."""
        same = {key: ", ".join(each) for key, each in NAMED.items()}
        aws = Answers()
        assert rights.find_losses(aws, ACCOUNT, Standing("S", same), NAMED) == []
        assert not aws.asked

    def test_what_was_forbidden_is_no_loss(self) -> None:
        """Only what the stack allows now can be lost."""
        before = Standing("S", {rights.ROLES: "One,Two", rights.BUCKETS: "known-*"})
        found = _losses(stack_sets({"a": "One", "b": "Two", "c": "Three"}), before)
        assert [each.split(",")[0] for each in found] == ["pass role One", "pass role Two"]

    @pytest.mark.parametrize(
        ("denied", "told"),
        [
            ("list-stack-sets", "the stack sets cannot be listed"),
            ("list-imports", "the stacks that import the function cannot be listed"),
            ("describe-stack-set a", "1 of 2 stack sets not looked at, first a"),
            ("get-template app", "1 of 1 stacks not looked at, first app"),
        ],
    )
    def test_no_right_to_look(
        self, denied: str, told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A look that is not allowed is one line of warning, never a failure."""
        given = {**stack_sets({"a": "Own", "b": "Other"}), **importing("app", "{}")}
        found = _losses({**given, denied: DENIED})
        [line] = capsys.readouterr().out.splitlines()
        assert line.startswith(f"Warning: {told}")
        assert "AccessDenied" in line
        if denied != "list-stack-sets":
            assert "pass role Other, as stack set b needs" in found

    def test_a_look_has_an_end(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """After a while the rest is left, and told."""
        monkeypatch.setattr(rights, "_MOST_SECONDS", -1.0)
        assert _losses(stack_sets({"a": "Own", "b": "Own"})) == []
        assert "2 of 2 stack sets not looked at, first a" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("pattern", "name", "fits"),
        [
            ("a-*", "a-b", True),
            ("a-?", "a-bc", False),
            ("*", "any", True),
            ("team/R", "R", False),
            ("a.b", "axb", False),
            ("[ab]", "a", False),
            ("R", "r", False),
        ],
    )
    def test_patterns(self, pattern: str, name: str, *, fits: bool) -> None:
        """Wildcards are those of IAM, all else is meant as it is written."""
        assert rights.allows([pattern], name) is fits

    def test_lists(self) -> None:
        """Blanks around entries are none of theirs; an empty list names nothing."""
        assert rights.split("a, b,,") == ["a", "b"]
        assert rights.split("") == []
