"""A world without servers: what is needed to make one and to look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.stacksets.engine import Engine
from emulator.virtual.account import RESPONSE_HOST, VirtualAWS
from emulator.virtual.clock import EPOCH, VirtualClock
from emulator.virtual.deployer import DeployedStack, ScriptedDeployer
from emulator.virtual.queue_settings import QueueSettings
from emulator.virtual.s3 import Objects
from emulator.virtual.traffic import Invocation
from emulator.virtual.usage import ACCOUNT_CONCURRENCY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.deployment import DeploymentOrder
    from emulator.stacksets.faults import Faults
    from emulator.stacksets.history import Lag
    from emulator.stacksets.organization import Organization
    from emulator.stacksets.readings import Readings

__all__ = [
    "EPOCH",
    "RESPONSE_HOST",
    "DeployedStack",
    "Invocation",
    "Objects",
    "QueueSettings",
    "ScriptedDeployer",
    "VirtualAWS",
    "VirtualClock",
    "world",
]


def world(  # noqa: PLR0913  the knobs of a world, all optional
    *,
    seconds: float | Callable[[DeploymentOrder], float] = 30.0,
    faults: Faults | None = None,
    objects: Mapping[tuple[str, str], bytes | list[bytes]] | None = None,
    account: str = "111111111111",
    region: str = "us-east-1",
    organization: Organization | None = None,
    readings: Readings | None = None,
    lag: Lag | None = None,
    queue: QueueSettings | None = None,
    concurrency: int = ACCOUNT_CONCURRENCY,
    seed: int = 0,
) -> VirtualAWS:
    """Make a virtual AWS with a scripted deployer; use it as a context manager.

    Args:
        seconds: How long a deployment takes, or a function that tells it for an order.
        faults: The engine's faults.
        objects: What S3 holds.
        account: The administrator account.
        region: Where the stack sets live.
        organization: The organization of the account; `engine.join`, `move` and `leave` change it.
        readings: What the service is taken to do where it is not documented.
        lag: How far lists lag; `engine.lag` may be set later, too.
        queue: How the function's queue and its event source mapping are set up.
        concurrency: How many executions of Lambda the account may have; 10 when it is new.
        seed: For ids, the order of accounts, and chance.
    """
    clock, deployer, store = VirtualClock(), ScriptedDeployer(seconds), Objects(objects or {})
    engine = Engine(
        now=clock.time,
        deployer=deployer,
        account=account,
        region=region,
        fetch_template=store.fetch,
        organization=organization,
        faults=faults,
        readings=readings,
        lag=lag,
        seed=seed,
    )
    aws = VirtualAWS(clock, engine, objects=store, queue=queue, concurrency=concurrency, seed=seed)
    aws.deployer = deployer
    return aws
