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
import math
import os
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_WORDS = argparse.ArgumentParser(
    prog="./build.sh package" if Path(__file__).parent.name == "tools" else None,
    description="Upload what a template names by local paths, and write it with the addresses.",
)
_WORDS.add_argument("template", type=Path, metavar="TEMPLATE")
_WORDS.add_argument("--bucket", required=True, help="takes the objects")
_WORDS.add_argument("--prefix", default="", help="what their keys begin with")
_WORDS.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
_WORDS.add_argument("--profile", help="default: the configured profile")
if __name__ == "__main__":  # Help is at once, and needs no AWS CLI.
    _WORDS.parse_args()

from awscli.clidriver import create_clidriver
from awscli.customizations.cloudformation import artifact_exporter
from awscli.customizations.cloudformation.exceptions import CloudFormationCommandError
from awscli.customizations.s3uploader import S3Uploader
from botocore import exceptions
from botocore.config import Config
from yaml import YAMLError

_UNIX = 3
_MENDS = {
    "403": "belongs to another account, or you may not use it. Name another one with --bucket",
    "404": "does not exist. Make it first (examples/bucket.yaml), or name another with --bucket",
}


class PackageFailed(Exception):
    """The template cannot be packaged; the text says why and what would help."""


class _StackSet(artifact_exporter.CloudFormationStackResource):  # type: ignore[misc]
    """To packaging, a stack set is what a nested stack is."""

    RESOURCE_TYPE = "Custom::StackSet"


class _Template(artifact_exporter.Template):  # type: ignore[misc]
    """A template that says what is wrong with it (PackageFailed), instead of failing over it."""

    def __init__(self, template_path: str, parent_dir: str, uploader: Any) -> None:  # noqa: ANN401
        file = Path(parent_dir, template_path)
        try:
            super().__init__(template_path, parent_dir, uploader)
            wrong = next(_mistakes(self.template_dict), "")
        except (YAMLError, UnicodeDecodeError, RecursionError) as error:
            msg = f"{file} is no YAML: {_line(error)}. Mend it, or name the template's file."
            raise PackageFailed(msg) from error
        if wrong:
            msg = f"{file}: {wrong}."
            raise PackageFailed(msg)


class _Uploader(S3Uploader):  # type: ignore[misc]
    """Names objects after what is in them, and addresses them as CloudFormation wants it.

    What is to be uploaded is kept in a folder, `scratch`, until everything is known to be right.
    """

    def __init__(self, client: Any, bucket: str, prefix: str, endpoint: str, scratch: Path) -> None:  # noqa: ANN401
        super().__init__(client, bucket, prefix)
        self._endpoint = endpoint
        self._scratch = scratch

    def upload(self, file_name: str, remote_path: str) -> str:
        """Keep a file for later; returns its address."""
        kept = self._scratch / remote_path
        if _is_archive(file_name):
            _pack(kept, _entries(file_name))
        else:
            shutil.copyfile(file_name, kept)
        return str(self.make_url(f"{self.prefix}/{remote_path}" if self.prefix else remote_path))

    def deliver(self) -> None:
        """Upload what was kept and is not there yet."""
        for kept in sorted(self._scratch.iterdir()):
            super().upload(str(kept), kept.name)

    def file_checksum(self, file_name: str) -> str:
        """A hash of the content.

        An archive's own bytes tell when and where it was made: each checkout would be a change.
        """
        if not _is_archive(file_name):
            return hashlib.sha256(Path(file_name).read_bytes()).hexdigest()
        digest = hashlib.sha256()
        for name, kind, content in sorted(_entries(file_name)):
            digest.update(f"{name}\0{kind}\0{hashlib.sha256(content).hexdigest()}\0".encode())
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
    read = _Template(str(template), str(Path.cwd()), None)
    session = create_clidriver().session
    if profile:
        session.set_config_variable("profile", profile)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            read.uploader = _uploader(session, bucket, prefix.strip("/"), Path(scratch))
            packaged = json.dumps(read.export(), indent=2, ensure_ascii=False, default=str)
            read.uploader.deliver()
    except exceptions.ParamValidationError as error:
        msg = f"--bucket takes the name of a bucket alone, which '{bucket}' is not."
        raise PackageFailed(msg) from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        msg = f"AWS cannot be reached: {error}. See to the network, HTTPS_PROXY and AWS_CA_BUNDLE."
        raise PackageFailed(msg) from error
    except exceptions.BotoCoreError as error:
        msg = f"No usable AWS credentials: {error}. Log in, or name a profile with --profile."
        raise PackageFailed(msg) from error
    except (exceptions.ClientError, CloudFormationCommandError, OSError) as error:
        if isinstance(error.__context__, PackageFailed):
            raise error.__context__ from error
        msg = f"{template} was not packaged: {_line(error)}"
        raise PackageFailed(msg) from error
    return packaged + "\n"


def _line(told: object) -> str:
    """What somebody else tells, in one line."""
    return " ".join(str(told).split())


def _mistakes(template: object) -> Iterator[str]:
    """What makes a template none, with its place and its mend."""
    if not isinstance(template, Mapping):
        yield "this is no template: it needs Resources, each with a Type"
        return
    if "Resources" in template or not template.keys() & {"Transform", "Fn::Transform"}:
        yield from _mistakes_in(template.get("Resources"), "Resources")
    if not isinstance(template.get("Metadata", {}), Mapping):
        yield "Metadata is no mapping: write one, or leave it out"
    yield from _values_without_json(template, "")


def _mistakes_in(resources: object, place: str) -> Iterator[str]:
    if not (isinstance(resources, Mapping) and resources):
        yield f"{place} has no resources: write each under its name, with a Type"
        return
    for name, resource in resources.items():
        here = f"{place}.{name}"
        if str(name).startswith("Fn::ForEach::") and isinstance(resource, list):
            yield from (each for last in resource[2:3] for each in _mistakes_in(last, here))
        elif not isinstance(resource, Mapping):
            yield f"{here} is no resource: give it a Type, or take it out"
        elif not isinstance(resource.get("Type"), str):
            yield f"{here} has no Type: write one, such as Custom::StackSet"
        elif not isinstance(resource.get("Properties") or {}, Mapping):
            yield f"{here}.Properties is no mapping: write each property under its name"


def _values_without_json(value: object, place: str) -> Iterator[str]:
    """What YAML can say and JSON, and so CloudFormation, cannot."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if isinstance(name, bool) or not isinstance(name, str | int):
                yield f"{place or 'the template'} has the key {name}, no text to YAML: quote it"
            yield from _values_without_json(each, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _values_without_json(each, f"{place}[{index}]")
    elif isinstance(value, bytes | set | datetime):
        yield f"{place} is a {type(value).__name__} to YAML, which JSON does not have: quote it"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place} is {value}, which JSON does not have: quote it, or write a number"


def _make_zip(filename: str, source_root: str) -> str:
    """Pack a folder without bytecode, which differs from run to run."""
    root = Path(source_root)
    walk = os.walk(root, followlinks=True)
    found = (Path(here, name) for here, _, names in walk for name in names)
    files = sorted(each for each in found if "__pycache__" not in each.relative_to(root).parts)
    if not files:
        msg = f"{root} is empty: put the code there, or name another folder."
        raise PackageFailed(msg)
    names = [each.relative_to(root).as_posix() for each in files]
    archive = Path(f"{filename}.zip")
    _pack(archive, ((name, stat.S_IFREG, Path(root, name).read_bytes()) for name in names))
    return str(archive)


def _pack(archive: Path, entries: Iterable[tuple[str, int, bytes]]) -> None:
    """Write an archive that tells its content alone; all may read and execute it: Lambda must."""
    with zipfile.ZipFile(archive, "w") as pack:
        for name, kind, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = _UNIX, (kind | 0o755) << 16
            pack.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _entries(file: str) -> Iterator[tuple[str, int, bytes]]:
    """Name, kind (folder, link or file) and content of what is in an archive."""
    with zipfile.ZipFile(file) as archive:
        for each in archive.infolist():
            link = stat.S_ISLNK(each.external_attr >> 16)
            kind = stat.S_IFDIR if each.is_dir() else stat.S_IFLNK if link else stat.S_IFREG
            yield each.filename, kind, archive.read(each)


def _is_archive(file: str) -> bool:
    """Whether a file is a zip archive and nothing else, such as a program with one in it."""
    with Path(file).open("rb") as opened:
        return opened.read(2) == b"PK" and zipfile.is_zipfile(file)


def _uploader(session: Any, bucket: str, prefix: str, scratch: Path) -> _Uploader:  # noqa: ANN401
    region = _region(session.create_client("s3"), bucket)
    signed = Config(signature_version="s3v4")
    client = session.create_client("s3", region_name=region, config=signed)
    # S3 itself, even where this machine is told to reach it through another endpoint.
    there = Config(ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]
    endpoint = session.create_client("s3", region_name=region, config=there).meta.endpoint_url
    return _Uploader(client, bucket, prefix, endpoint, scratch)


def _region(client: Any, bucket: str) -> str:  # noqa: ANN401
    """The bucket's region, which S3 tells even those who may not look into it."""
    try:
        answer: Any = client.head_bucket(Bucket=bucket)
    except exceptions.ClientError as error:
        answer = error.response
        code = answer["Error"]["Code"]
        # Who may put objects need not be allowed to list them.
        if code not in {"301", "400"} and not (code == "403" and _told_region(answer)):
            msg = f"Bucket {bucket} {_MENDS.get(code, f'cannot be used: {error}')}."
            raise PackageFailed(msg) from error
    return _told_region(answer) or str(client.meta.region_name)


def _told_region(answer: dict[str, Any]) -> str:
    return str(answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", ""))


def _check_output(output: Path) -> None:
    """See that the result can be written, before there is one."""
    wrong = ""
    if output.is_dir():
        wrong = "is a folder: name a file in it"
    elif not output.parent.is_dir():
        wrong = f"would lie in {output.parent}, which is no folder: make it first"
    elif not os.access(output if output.exists() else output.parent, os.W_OK):
        wrong = "may not be written: name another file"
    if wrong:
        msg = f"--output {output} {wrong}."
        raise PackageFailed(msg)


def main() -> int:
    """Package a template and write the result."""
    given = _WORDS.parse_args()
    artifact_exporter.RESOURCES_EXPORT_LIST.append(_StackSet)
    artifact_exporter.Template = _Template
    artifact_exporter.make_zip = _make_zip
    try:
        if given.output:
            _check_output(given.output)
        packaged = package(given.template, given.bucket, given.prefix, given.profile)
        if given.output is None:
            print(packaged, end="")
            return 0
        given.output.write_text(packaged, encoding="utf-8")
    except (OSError, PackageFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    # The AWS CLI leaves its progress without an end of line.
    print(f"\n{given.output}: packaged into {given.bucket}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
