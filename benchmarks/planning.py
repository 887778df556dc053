"""Time and memory of planning, from 100 to 100,000 instances, on one core.

Each size is planned in a process of its own: accounts x 20 regions, three overrides mixed, in
shuffled order, as a Create (all missing) and as an Update (a new template, a tenth moved).
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time

from handler.plan.instances import plan_deployment
from handler.plan.marks import Marks
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Target

SIZES = (100, 1_000, 10_000, 100_000)
_REGIONS = [f"eu-west-{number}" for number in range(1, 21)]
_OVERRIDES: list[Overrides] = [(), (("Size", "small"),), (("Size", "large"),)]


def instances(size: int, seed: int) -> dict[Target, Overrides]:
    """So many instances with mixed overrides, shuffled."""
    chance = random.Random(seed)
    places = [
        Target(f"{number:012d}", region) for number in range(size // 20) for region in _REGIONS
    ]
    chance.shuffle(places)
    return {place: _OVERRIDES[int(place.account) % 3] for place in places}


def measure(size: int) -> dict[str, float]:
    """Plan a Create and an Update of this size; seconds, steps and the process's peak in MB."""
    wanted = instances(size, 1)
    live = StackSetState("id", "name", "arn", "ACTIVE")
    marks = Marks("resource", "request")
    spec = StackSetSpec(instances=wanted)
    began = time.perf_counter()
    created = plan_deployment(spec, Previous({}), Observation(live), marks, None)
    create_seconds = time.perf_counter() - began
    moved = set(random.Random(2).sample(list(wanted), size // 10))
    before = {
        (Target(f"9{place.account[1:]}", place.region) if place in moved else place): overrides
        for place, overrides in wanted.items()
    }
    seen = Observation(live, {place: InstanceState("CURRENT") for place in before})
    began = time.perf_counter()
    updated = plan_deployment(spec, Previous(before), seen, marks, "changed")
    update_seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "create": create_seconds,
        "create_steps": len(created),
        "update": update_seconds,
        "update_steps": len(updated),
        "peak": peak,
    }


def main() -> None:
    """Print the table; with a size as the only word, measure that one."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        return
    print("| instances | create | steps | update | steps | peak memory |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for size in SIZES:
        command = [sys.executable, "-m", "benchmarks.planning", str(size)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        row = json.loads(done.stdout)
        print(
            f"| {size:,} | {row['create']:.3f} s | {row['create_steps']} "
            f"| {row['update']:.3f} s | {row['update_steps']} | {row['peak']:.0f} MB |"
        )


if __name__ == "__main__":
    main()
