"""Whether CloudFormation itself shows what a request claims: whoever may invoke can forge one.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
"""

from __future__ import annotations

from handler.plan.liveness import Asked
from handler.values.observation import ResourceState


def confirms(asked: Asked, resource: ResourceState, *, is_express: bool = False) -> bool:
    """Whether a resource is under way as a request says, with the physical id that it names.

    Times have no say: a request that is late is told from its successor by `judge`.

    Args:
        asked: The request.
        resource: What CloudFormation shows.
        is_express: Whether the stack counts a resource as done before it is answered for.
    """
    kind = asked.kind.upper()
    if resource.status != f"{kind}_IN_PROGRESS" and not (
        is_express and resource.status == f"{kind}_COMPLETE"
    ):
        return False
    return asked.kind == "Create" or resource.physical_id == asked.physical_id
