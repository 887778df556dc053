"""Runs a deployed pipeline's stages in order, as CodePipeline would, on a local AWS.

The local AWS has neither CodePipeline's executions nor CodeBuild's containers, so the actions run
here: with the credentials of the roles that the template gives them, the commands of buildspec and
pipeline in a real shell, artifacts through the bucket. Not emulated: sources other than a folder,
actions side by side, the containers themselves.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from emulator.local.aws import HOME_REGION, LocalAWS
from emulator.local.change_sets import ChangeSets
from emulator.local.shell import BuildSpec, Shell

Approve = Callable[[str], bool]

_VARIABLE = re.compile(r"#\{(\w+)\.(\w+)\}")


class ActionFailed(Exception):
    """An action failed, and with it the execution; the text says where and why."""


@dataclass
class Execution:
    """One way through the stages, and what came of it.

    Attributes:
        source: A checkout of the repository.
        approve: Asked with the text that the reviewer would read.
        results: What each action came to, by `Stage.Action`, in the order they ran.
        variables: The variables that actions told, by namespace.
    """

    source: Path
    approve: Approve
    results: dict[str, str] = field(default_factory=dict)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)


class Pipeline:
    """A deployed pipeline.

    Args:
        aws: Where it is deployed.
        name: Its name.
        folder: For what the actions work on.
        programs: A folder of programs that build images have: python, pip, aws.
    """

    def __init__(self, aws: LocalAWS, name: str, folder: Path, programs: Path) -> None:
        self._aws = aws
        self._folder = folder
        self._programs = programs
        self.definition = aws.client("codepipeline").get_pipeline(name=name)["pipeline"]
        self._bucket = self.definition["artifactStore"]["location"]
        self._credentials = self._take("codepipeline", self.definition["roleArn"])

    def run(self, source: Path, approve: Approve) -> Execution:
        """Run every action of every stage.

        Args:
            source: A checkout of the repository.
            approve: Asked with the text that the reviewer would read.

        Raises:
            ActionFailed: One failed; those after it did not run.
        """
        execution = Execution(source, approve)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        providers = {
            "CodeStarSourceConnection": self._read_source,
            "CodeBuild": self._build,
            "Commands": self._run_commands,
            "Manual": self._ask,
            "CloudFormation": self._change,
        }
        for stage in self.definition["stages"]:
            for action in sorted(stage["actions"], key=lambda each: each.get("runOrder", 1)):
                name = f"{stage['name']}.{action['name']}"
                provider = providers[action["actionTypeId"]["provider"]]
                try:
                    execution.results[name] = provider(action, execution)
                except (ActionFailed, ClientError) as error:
                    msg = f"{name}: {error}"
                    raise ActionFailed(msg) from error
        return execution

    def _read_source(self, action: Mapping[str, Any], execution: Execution) -> str:
        self._store(action, execution.source, self._credentials)
        return str(action["configuration"]["FullRepositoryId"])

    def _build(self, action: Mapping[str, Any], _execution: Execution) -> str:
        name = action["configuration"]["ProjectName"]
        [project] = self._aws.client("codebuild").batch_get_projects(names=[name])["projects"]
        credentials = self._take("codebuild", project["serviceRole"])
        workplace = self._fetch(action, credentials)
        spec = BuildSpec.read(workplace / project["source"]["buildspec"])
        told = project["environment"].get("environmentVariables", [])
        variables = {each["name"]: each["value"] for each in told}
        result = self._shell(credentials, variables).run(spec.commands, workplace)
        if result.returncode:
            raise ActionFailed(result.text)
        built = self._folder / f"{action['name']}-artifacts"
        for pattern in spec.files:
            for path in workplace.glob(pattern):
                place = built / path.relative_to(workplace)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place)
        self._store(action, built, credentials)
        return result.text

    def _run_commands(self, action: Mapping[str, Any], execution: Execution) -> str:
        workplace = self._fetch(action, self._credentials)
        wanted = action["outputVariables"]
        result = self._shell(self._credentials, {}).run(action["commands"], workplace, wanted)
        if result.returncode:
            raise ActionFailed(result.text)
        execution.variables[action["namespace"]] = dict(result.variables)
        return result.text

    def _ask(self, action: Mapping[str, Any], execution: Execution) -> str:
        text = _VARIABLE.sub(
            lambda match: execution.variables[match[1]][match[2]],
            action["configuration"]["CustomData"],
        )
        if not execution.approve(text):
            msg = f"rejected: {text}"
            raise ActionFailed(msg)
        return text

    def _change(self, action: Mapping[str, Any], _execution: Execution) -> str:
        client = self._aws.client("cloudformation", credentials=self._credentials)
        changes = ChangeSets(client, action["configuration"])
        if action["configuration"]["ActionMode"] == "CHANGE_SET_EXECUTE":
            reason = changes.execute()
            if reason is not None:
                raise ActionFailed(reason)
            return changes.status()
        return changes.replace(self._fetch(action, self._credentials).parent)

    def _take(self, service: str, role_arn: str) -> dict[str, str]:
        """The credentials of a role as the service gives them to an action."""
        job = self._aws.client("codepipeline").get_job_details(
            jobId=f"{service}.amazonaws.com {role_arn}"
        )
        found = job["jobDetails"]["data"]["artifactCredentials"]
        return {
            "aws_access_key_id": found["accessKeyId"],
            "aws_secret_access_key": found["secretAccessKey"],
            "aws_session_token": found["sessionToken"],
        }

    def _shell(self, credentials: Mapping[str, str], variables: Mapping[str, str]) -> Shell:
        return Shell(
            self._programs,
            {
                **{key.upper(): value for key, value in credentials.items()},
                **self._aws.command_line(),
                "AWS_REGION": HOME_REGION,
                "AWS_DEFAULT_REGION": HOME_REGION,
                **variables,
            },
        )

    def _store(
        self, action: Mapping[str, Any], folder: Path, credentials: Mapping[str, str]
    ) -> None:
        [output] = action["outputArtifacts"]
        archive = shutil.make_archive(str(self._folder / output["name"]), "zip", folder)
        s3 = self._aws.client("s3", credentials=credentials)
        s3.upload_file(archive, self._bucket, self._key(output))

    def _fetch(self, action: Mapping[str, Any], credentials: Mapping[str, str]) -> Path:
        given: dict[str, str]
        [given] = action["inputArtifacts"]
        workplace = self._folder / f"{action['name']}-workplace" / given["name"]
        shutil.rmtree(workplace, ignore_errors=True)
        workplace.mkdir(parents=True)
        archive = workplace.with_suffix(".zip")
        s3 = self._aws.client("s3", credentials=credentials)
        s3.download_file(self._bucket, self._key(given), str(archive))
        shutil.unpack_archive(archive, workplace)
        return workplace

    def _key(self, artifact: Mapping[str, str]) -> str:
        return f"{self.definition['name'][:20]}/{artifact['name']}.zip"
