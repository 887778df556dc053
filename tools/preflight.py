"""Which rights the deploying principal lacks, asked of IAM before anything is made."""

from concurrent.futures import ThreadPoolExecutor

from tools.aws import Aws, AwsError
from tools.identity import Caller
from tools.needed_rights import Plan, Question, questions
from tools.standing import DeployFailed

SKIP = "--skip-preflight"


def check(aws: Aws, caller: Caller, plan: Plan) -> None:
    """See that whoever deploys has the rights for it, as far as IAM can tell.

    Raises:
        DeployFailed: Some are missing; the text has all of them.
    """
    who = _principal(aws, caller)
    if who is None:
        return
    asked = [*questions(aws.region, caller.account, who, plan)]
    try:
        with ThreadPoolExecutor(len(asked)) as pool:
            denied = [*pool.map(lambda each: _denied(aws, each), asked)]
    except AwsError as error:
        print(f"Warning: it cannot be seen what {who} may do ({error}).")
        return
    lines = [
        f"\n  {', '.join(actions)} on {question.resource}"
        + (f" (as {question.who})" if question.who != who else "")
        for question, actions in zip(asked, denied, strict=True)
        if actions
    ]
    if lines:
        msg = (
            f"{who} may not{''.join(lines)}\nNothing has been made. Have this granted, deploy as "
            f"somebody else or with --role-arn, or, if IAM is mistaken, go on with {SKIP}."
        )
        raise DeployFailed(msg)


def _principal(aws: Aws, caller: Caller) -> str | None:
    """The ARN by which IAM knows who deploys; None where there is nothing to ask."""
    kind, _, name = caller.arn.split(":", 5)[5].partition("/")
    if kind == "root":
        return None
    if kind != "assumed-role":
        return caller.arn
    role = name.partition("/")[0]
    try:
        # The session does not tell the role's path.
        return str(aws("iam", "get-role", "--role-name", role)["Role"]["Arn"])
    except AwsError as error:
        print(f"Warning: it cannot be seen what {caller.arn} may do ({error}).")
        return None


def _denied(aws: Aws, question: Question) -> list[str]:
    """The actions of a question that are not allowed, whatever the conditions."""
    values = {"aws:RequestedRegion": aws.region, **question.context}
    found = aws(
        *("iam", "simulate-principal-policy", "--policy-source-arn", question.who),
        *("--action-names", *question.actions.split()),
        "--context-entries",
        *(
            f"ContextKeyName={key},ContextKeyValues={value},ContextKeyType=string"
            for key, value in values.items()
        ),
        *("--resource-arns", question.resource),
    )
    return [
        each["EvalActionName"]
        for each in found["EvaluationResults"]
        # A condition on what is not known here may hold in the end.
        if each["EvalDecision"] != "allowed" and not each.get("MissingContextValues")
    ]
