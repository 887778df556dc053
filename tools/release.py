"""Which version this is: pyproject.toml says it, and nothing else."""

import functools
import tomllib

from tools.environments import ROOT

NAME = "stackset-resource"

# What stands in template.yaml where `deploy` writes the version.
PLACE = "unreleased"


@functools.cache
def version() -> str:
    """The version."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
