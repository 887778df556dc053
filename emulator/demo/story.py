"""The whole life of a stack that owns a stack set, on a local AWS."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from emulator.demo.screen import Screen, choose
from emulator.local.aws import LocalAWS
from emulator.local.stacks import Event, StackOutcome

_ROOT = Path(__file__).resolve().parents[2]
_ACCOUNTS = ["222222222222", "333333333333", "444444444444"]
_REGIONS = ["ap-northeast-1", "eu-west-1", "us-east-1"]
_UNLUCKY = _ACCOUNTS[1]
STACK = "demo"
_SETTING = "/greetings/motto"
_DEPLOYMENT_SECONDS = 1.0
# The second version brings a setting, and in one account somebody has made that by hand.
_SECOND_VERSION = f"""
  Motto:
    Type: AWS::SSM::Parameter
    Properties:
      Name: {_SETTING}
      Type: String
      Value: Deployed by a stack set

Outputs:"""
WHAT_NEXT = (
    "./build.sh deploy [REGION] [PROFILE]   into your own administrator account",
    "examples/stacksets.yaml                a first template of yours",
    "docs/guide.md                          from a git push to three accounts",
)


@dataclass
class Demo:
    """The steps, and what they leave to the summary.

    Args:
        aws: The local AWS.
        screen: Where they are shown.
    """

    aws: LocalAWS
    screen: Screen
    done: list[tuple[str, StackOutcome]] = field(default_factory=list)

    def run(self, bundle: Path) -> None:
        """Show the whole life."""
        role = self._provide(bundle)
        bucket = "stackset-resource-demo"
        app = (_ROOT / "examples" / "app.yaml").read_text("utf-8")
        first = self.aws.upload(bucket, "app-1.yaml", app.encode())
        second = app.replace("\nOutputs:", _SECOND_VERSION)
        parameters = {
            "AdministrationRoleARN": role,
            "TemplateURL": first,
            "Accounts": ",".join(_ACCOUNTS[:2]),
        }
        self._deploy("Create: two accounts, three Regions", parameters, "CREATE_COMPLETE")
        self._greet()
        parameters |= {"Greeting": "Bonjour", "Accounts": ",".join(_ACCOUNTS)}
        self._deploy("Update: another greeting, a third account", parameters, "UPDATE_COMPLETE")
        self._greet()
        settings = self.aws.client("ssm", _UNLUCKY, _REGIONS[1])
        settings.put_parameter(Name=_SETTING, Value="Made by hand", Type="String")
        self.screen.say(f"somebody makes {_SETTING} by hand, in {_UNLUCKY} {_REGIONS[1]}")
        failing = {"TemplateURL": self.aws.upload(bucket, "app-2.yaml", second.encode())}
        title = f"Failing update: it brings {_SETTING}"
        self._deploy(title, parameters | failing, "UPDATE_ROLLBACK_COMPLETE")
        self._greet()
        self._show("Delete", "DELETE_COMPLETE", self._delete)

    def _provide(self, bundle: Path) -> str:
        self.screen.step("Deploy the function (template.yaml) and the roles of StackSets")
        role = self.aws.make_roles(_ACCOUNTS)
        outcome = self.aws.deploy_provider(bundle, _ROOT / "template.yaml")
        self.done.append(("Deploy the function", outcome))
        token = outcome.outputs["StackSetCustomResource"]
        self.screen.say("exported as StackSetCustomResource: the function")
        self.screen.say(f"   {token.rpartition(':')[2]}")
        return role

    def _deploy(self, title: str, parameters: Mapping[str, str], expected: str) -> None:
        def operation() -> StackOutcome:
            template = _ROOT / "examples" / "regions.yaml"
            return self.aws.deploy(STACK, template, parameters, watch=self._watch)

        self._show(title, expected, operation)

    def _delete(self) -> StackOutcome:
        return self.aws.delete(STACK, watch=self._watch)

    def _show(self, title: str, expected: str, operation: Callable[[], StackOutcome]) -> None:
        """Run a stack operation before everybody's eyes.

        Raises:
            RuntimeError: It did not end as it should.
        """
        self.screen.step(title)
        outcome = operation()
        self.done.append((title, outcome))
        if outcome.status != expected:
            message = f"{title}: {outcome.status} instead of {expected}: {outcome.reasons}"
            raise RuntimeError(message)

    def _watch(self, events: Sequence[Event]) -> None:
        """Show every instance of every stack set as StackSets reports it now, and what is new."""
        self.screen.instances(self._states())
        self.screen.events(events)

    def _states(self) -> dict[tuple[str, str], str]:
        cloudformation = self.aws.client("cloudformation")
        states = {}
        for name in self._stack_sets():
            try:
                found = cloudformation.list_stack_instances(StackSetName=name)["Summaries"]
            except ClientError:
                # Deleted since it was listed.
                continue
            for each in found:
                detailed = each["StackInstanceStatus"]["DetailedStatus"]
                state = each["Status"] if detailed == "SUCCEEDED" else detailed
                states[each["Account"], each["Region"]] = state
        return states

    def _stack_sets(self) -> list[str]:
        found = self.aws.client("cloudformation").list_stack_sets(Status="ACTIVE")
        return [each["StackSetName"] for each in found["Summaries"]]

    def _greet(self) -> None:
        """Ask one deployed function what it says."""
        functions = self.aws.client("lambda", _ACCOUNTS[0], _REGIONS[0])
        name = functions.list_functions()["Functions"][0]["FunctionName"]
        answer = functions.invoke(FunctionName=name)["Payload"].read().decode()
        self.screen.say(f"a deployed function says: {answer}", style="cyan")

    def summarise(self, seconds: float) -> None:
        """Say what ran, and where to go from here."""
        ran = [
            f"{outcome.seconds:5.1f} s  {outcome.status:<24}  {title}"
            for title, outcome in self.done
        ]
        left = len(self._stack_sets())
        in_all = f"{len(_ACCOUNTS)} accounts, {len(_REGIONS)} Regions, {left} stack sets left"
        self.screen.summary("What ran", [*ran, f"{seconds:5.1f} s  in all: {in_all}"])
        self.screen.summary("What next", WHAT_NEXT)


def show(emulator_python: Path, bundle: Path) -> None:
    """Show the whole life to whoever reads the standard output.

    Args:
        emulator_python: The Python of the environment that holds ministack.
        bundle: What Lambda runs, zipped.

    Raises:
        RuntimeError: A step did not end as it should.
    """
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        LocalAWS(emulator_python, Path(folder), minimum_seconds=_DEPLOYMENT_SECONDS) as aws,
    ):
        demo = Demo(aws, choose())
        with demo.screen:
            demo.run(bundle)
        demo.summarise(time.monotonic() - began)
