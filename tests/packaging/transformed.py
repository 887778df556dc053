"""template.yaml as CloudFormation gets it: without SAM's types."""

import functools
import json
import subprocess
from typing import Any

from tools import template
from tools.environments import ROOT, prepare

# SAM lives where the local AWS does.
_TRANSFORM = """
import json, sys, boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
session = boto3.Session(region_name="eu-west-1")
translator = Translator({}, Parser(), boto_session=session)
json.dump(translator.translate(json.load(sys.stdin), {"MacroName": "M"}), sys.stdout)
"""


def plain() -> dict[str, Any]:
    """Return the template after SAM's transform."""
    transformed: dict[str, Any] = json.loads(_text())
    return transformed


@functools.cache
def _text() -> str:
    text = json.dumps(template.load(ROOT / "template.yaml"))
    return subprocess.run(
        [prepare("emulator").python, "-c", _TRANSFORM],
        input=text.replace("build/bundle", "s3://bucket/key"),
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
