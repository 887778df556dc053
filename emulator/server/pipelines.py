"""CodePipeline in ministack, as far as `emulator.local.pipeline` needs it, which runs the stages.

ministack has none: here `AWS::CodePipeline::Pipeline` is deployed and described, and who runs its
actions gets the credentials of the roles that they name, if these trust the service.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import (
    AccountScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services.cloudformation import provisioners

from emulator.server.roles import service_session

_TARGET = "CodePipeline_20150709"
# What only looks like a name of the API, and is the author's own.
_VERBATIM = {"Configuration"}

_pipelines: dict[str, dict[str, Any]] = AccountScopedDict()


def install() -> None:
    """Answer the actions, and let templates have pipelines."""
    router.SERVICE_PATTERNS["codepipeline"] = {
        "target_prefixes": [_TARGET],
        "credential_scope": "codepipeline",
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE["codepipeline"] = "codepipeline"
    app.SERVICE_HANDLERS["codepipeline"] = _answer
    provisioners._RESOURCE_HANDLERS["AWS::CodePipeline::Pipeline"] = {  # noqa: SLF001
        "create": _create,
        "update": _update,
        "delete": _delete,
    }


async def _answer(
    _method: str, _path: str, headers: dict[str, str], body: bytes, _query: object
) -> Any:  # noqa: ANN401
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    request = json.loads(body or b"{}")
    if action == "GetPipeline":
        found = _pipelines.get(request["name"])
        if found is None:
            return error_response_json("PipelineNotFoundException", request["name"])
        return json_response({"pipeline": found})
    if action == "GetJobDetails":
        return _job(request["jobId"])
    return error_response_json("InvalidAction", f"{action} is not emulated")


def _job(job_id: str) -> Any:  # noqa: ANN401
    """The credentials for a job, whose id is `SERVICE ROLE_ARN` here."""
    service, arn = job_id.split()
    account = get_account_id()
    session = service_session(service, account, get_region(), arn)
    if session is None:
        return error_response_json("JobNotFoundException", f"{arn} does not trust {service}")
    credentials = {
        "accessKeyId": session["aws_access_key_id"],
        "secretAccessKey": session["aws_secret_access_key"],
        "sessionToken": session["aws_session_token"],
    }
    return json_response(
        {"jobDetails": {"id": job_id, "data": {"artifactCredentials": credentials}}}
    )


def _create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:  # noqa: ANN401
    name = properties.get("Name") or provisioners._physical_name(  # noqa: SLF001
        stack_name, logical_id, max_len=100
    )
    _pipelines[name] = {**_spelled(properties), "name": name}
    return name, {"Version": "1"}


def _update(name: str, _old: dict[str, Any], new: dict[str, Any], *_names: str) -> Any:  # noqa: ANN401
    _pipelines[name] = {**_spelled(new), "name": name}
    return name, {"Version": "1"}


def _delete(name: str, _properties: dict[str, Any]) -> None:
    _pipelines.pop(name, None)


def _spelled(value: Any) -> Any:  # noqa: ANN401
    """Properties as the API spells them: with small letters first."""
    if isinstance(value, list):
        return [_spelled(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key[0].lower() + key[1:]: each if key in _VERBATIM else _spelled(each)
        for key, each in value.items()
    }
