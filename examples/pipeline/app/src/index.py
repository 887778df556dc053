"""What runs in every account."""

import os


def handler(_event: object, context: object) -> str:
    """Greet, and say where."""
    account = context.invoked_function_arn.split(":")[4]
    return f"{os.environ['GREETING']} from {account} in {os.environ['AWS_REGION']}"
