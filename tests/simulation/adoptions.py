"""Stack sets that were there before the resource, and what may become of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from tests.simulation.stages import KeptWorld
from tests.simulation.story import (
    ACCOUNTS,
    ADMINISTRATION_ROLE,
    EXECUTION_ROLE,
    REGIONS,
    group,
    new_stack,
    properties,
    stacks_of,
    template,
)

NAME = "StackSetsTest"
TOKYO, VIRGINIA = REGIONS[:2]
THERE = [(ACCOUNTS[0], TOKYO), (ACCOUNTS[1], TOKYO)]
"""The instances that were there before; the template names the first of them."""

WANTED = properties(
    group((ACCOUNTS[0], *ACCOUNTS[2:]), (TOKYO,), Colour="red"), OnExistingStackSet="ADOPT"
)
NO_NEW_ONE = DeploymentFault("No", account=ACCOUNTS[3], actions=("CREATE",), seconds=1)


def make_by_hand(
    aws: VirtualAWS,
    places: Sequence[tuple[str, str]] = THERE,
    *,
    overrides: dict[str, str] | None = None,
    name: str = NAME,
    **others: Any,
) -> str:
    """Make a stack set as a person does, who says nothing that need not be said."""
    asked = {
        "StackSetName": name,
        "TemplateBody": template("by hand"),
        "AdministrationRoleARN": ADMINISTRATION_ROLE,
        "ExecutionRoleName": EXECUTION_ROLE,
        **others,
    }
    made: str = aws.engine.call("CreateStackSet", asked)["StackSetId"]
    for account, region in places:
        instance: dict[str, Any] = {
            "StackSetName": name,
            "Accounts": [account],
            "Regions": [region],
        }
        pairs = (overrides or {}).items()
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in pairs]
        if listed:
            instance["ParameterOverrides"] = listed
        aws.engine.call("CreateStackInstances", instance)
        aws.clock.sleep(100)
    return made


class Scene(KeptWorld):
    """A world with a stack set in it of somebody else's making, as often as it is wanted."""

    def __init__(
        self,
        *faults: DeploymentFault,
        seconds: float = 5.0,
        readings: Readings | None = None,
    ) -> None:
        """Make it; a deployment takes so many seconds, and these go wrong from then on."""
        with world(seconds=seconds, readings=readings) as aws:
            stack = new_stack(aws)
            make_by_hand(aws, overrides={"Size": "huge"})
            aws.engine.faults.deployments.extend(faults)
        super().__init__(aws, stack)


def the_set(aws: VirtualAWS, name: str = NAME) -> str:
    """The stack set of that name that is there; empty for none."""
    sets = aws.engine.stack_sets.values()
    return next((e.stack_set_id for e in sets if (e.name, e.status) == (name, "ACTIVE")), "")


def places_in(aws: VirtualAWS, name: str = NAME) -> list[tuple[str, str]]:
    """Where the stack set of that name has stacks."""
    return sorted(stacks_of(aws, the_set(aws, name)))


def were_touched_as_new(aws: VirtualAWS) -> list[tuple[str, str]]:
    """Which of the instances that were there before have been deleted or created since."""
    orders = [order for _, order, _ in aws.engine.deployments][len(THERE) :]
    anew = [(o.account, o.region) for o in orders if o.action in {"CREATE", "DELETE"}]
    return [each for each in anew if each in THERE]
