"""Package a template with `Custom::StackSet` resources, as `aws cloudformation package` would.

To the AWS CLI a `TemplateURL` may be a local path in `AWS::CloudFormation::Stack` only. Here it
may be one in `Custom::StackSet`, too: the application template is packaged with all that it names,
uploaded under the hash of its content, and the path is replaced by the address.

Needs Python and `pip install awscli` (version 1, which is a library as well as a program), and
nothing else of this project, so a copy of this file works in any repository:
`python package.py TEMPLATE --bucket BUCKET`.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from awscli.clidriver import create_clidriver
from awscli.customizations.cloudformation import artifact_exporter
from awscli.customizations.cloudformation.exceptions import CloudFormationCommandError
from awscli.customizations.s3uploader import S3Uploader
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from yaml import YAMLError

_MENDS = {
    "403": "belongs to another account, or you may not use it. Name another one with --bucket",
    "404": "does not exist. Make it first (examples/bucket.yaml), or name another one with "
    "--bucket",
}


class PackageFailed(Exception):
    """The template cannot be packaged; the text says why and what would help."""


class _StackSet(artifact_exporter.CloudFormationStackResource):  # type: ignore[misc]
    """To packaging, a stack set is what a nested stack is."""

    RESOURCE_TYPE = "Custom::StackSet"


class _Uploader(S3Uploader):  # type: ignore[misc]
    """Names objects after what is in them, and addresses them as CloudFormation wants it.

    Args:
        client: An S3 client.
        bucket: The bucket.
        prefix: What all keys begin with, or empty.
        endpoint: S3's address in the bucket's region.
    """

    def __init__(self, client: Any, bucket: str, prefix: str, endpoint: str) -> None:  # noqa: ANN401
        super().__init__(client, bucket, prefix)
        self._endpoint = endpoint

    def file_checksum(self, file_name: str) -> str:
        """A hash of the content.

        An archive's own bytes also tell when, in which order and with which compressor it was
        made; every checkout of the same commit would be another function, rolled out everywhere.
        """
        digest = hashlib.sha256()
        if zipfile.is_zipfile(file_name):
            with zipfile.ZipFile(file_name) as archive:
                for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
                    executable = bool(entry.external_attr >> 16 & 0o111)
                    content = hashlib.sha256(archive.read(entry)).hexdigest()
                    digest.update(f"{entry.filename}\0{executable}\0{content}\0".encode())
        else:
            digest.update(Path(file_name).read_bytes())
        return digest.hexdigest()

    def to_path_style_s3_url(self, key: str, version: str | None = None) -> str:
        """The address of an object; a TemplateURL has to be https, with the bucket in its path."""
        query = f"?versionId={version}" if version else ""
        return f"{self._endpoint}/{self.bucket_name}/{key}{query}"


def package(template: Path, bucket: str, prefix: str = "", profile: str | None = None) -> str:
    """Upload what a template names by local paths.

    Args:
        template: The template's file; its paths are relative to it.
        bucket: The bucket that takes the objects.
        prefix: What their keys begin with.
        profile: A profile of the AWS CLI other than the configured one.

    Returns:
        The template with the addresses in the place of the paths, as JSON.

    Raises:
        PackageFailed: Something is missing or wrong.
    """
    if not template.is_file():
        msg = f"No template at {template}: name the file that has the Custom::StackSet resources."
        raise PackageFailed(msg)
    session = create_clidriver().session
    if profile:
        session.set_config_variable("profile", profile)
    try:
        uploader = _uploader(session, bucket, prefix.strip("/"))
        exported = artifact_exporter.Template(str(template), str(Path.cwd()), uploader).export()
    except BotoCoreError as error:
        msg = f"No usable AWS credentials: {error}. Log in (aws configure, aws sso login), or name "
        msg += "a profile with --profile."
        raise PackageFailed(msg) from error
    except (ClientError, CloudFormationCommandError, OSError, YAMLError) as error:
        msg = f"{template} was not packaged: {error}"
        raise PackageFailed(msg) from error
    return json.dumps(exported, indent=2, ensure_ascii=False, default=str) + "\n"


def _uploader(session: Any, bucket: str, prefix: str) -> _Uploader:  # noqa: ANN401
    region = _region(session.create_client("s3"), bucket)
    signed = Config(signature_version="s3v4")
    client = session.create_client("s3", region_name=region, config=signed)
    # S3 itself, even where this machine is told to reach it through another endpoint.
    there = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]
    endpoint = session.create_client("s3", region_name=region, config=there).meta.endpoint_url
    return _Uploader(client, bucket, prefix, endpoint)


def _region(client: Any, bucket: str) -> str:  # noqa: ANN401
    """The bucket's region, which S3 tells even those who may not look into it."""
    try:
        answer: Any = client.head_bucket(Bucket=bucket)
    except ClientError as error:
        answer = error.response
        code = answer["Error"]["Code"]
        # Who may put objects need not be allowed to list them.
        if code not in {"301", "400"} and not (code == "403" and _told_region(answer)):
            mend = _MENDS.get(code, f"cannot be used: {error}")
            msg = f"Bucket {bucket} {mend}."
            raise PackageFailed(msg) from error
    return _told_region(answer) or str(client.meta.region_name)


def _told_region(answer: dict[str, Any]) -> str:
    return str(answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", ""))


def main() -> int:
    """Package a template and write the result."""
    parser = argparse.ArgumentParser(
        prog="./build.sh package",
        description="Upload what a template names by local paths, the TemplateURL of its "
        "Custom::StackSet resources included, and write the template with the addresses.",
    )
    parser.add_argument("template", type=Path, metavar="TEMPLATE")
    parser.add_argument("--bucket", required=True, help="takes the objects")
    parser.add_argument("--prefix", default="", help="what their keys begin with")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    parser.add_argument("--profile", help="default: the configured profile")
    given = parser.parse_args()
    artifact_exporter.RESOURCES_EXPORT_LIST.append(_StackSet)
    try:
        packaged = package(given.template, given.bucket, given.prefix, given.profile)
    except PackageFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    if given.output is None:
        print(packaged, end="")
        return 0
    given.output.write_text(packaged, encoding="utf-8")
    # The AWS CLI leaves its progress without an end of line.
    print(f"\n{given.output}: packaged into {given.bucket}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
