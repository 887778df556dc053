"""What a cold start costs, and what each dependency adds to it and to the bundle.

Needs `./build.sh build` first. Each package is imported after those above it, in a fresh
process that sees the bundle alone; seconds are medians of seven, with the bytecode of the bundle.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

BUNDLE = Path("build/bundle")
RUNS = 7
_STEPS = ("boto3", "crhelper", "aws_lambda_powertools", "pydantic", "handler.app", "clients")
_PACKAGES = {
    "boto3": ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "six.py"),
    "crhelper": ("crhelper",),
    "aws_lambda_powertools": ("aws_lambda_powertools",),
    "pydantic": ("pydantic", "pydantic_core", "annotated_types", "typing_inspection"),
    "handler.app": ("handler",),
}
_PROGRAM = """
import importlib, json, sys, time
sys.path.insert(0, sys.argv[1])
seconds = {}
for name in sys.argv[2:]:
    began = time.perf_counter()
    if name == "clients":
        app = sys.modules["handler.app"]
        app._cloudformation()
    else:
        importlib.import_module(name)
    seconds[name] = time.perf_counter() - began
print(json.dumps(seconds))
"""


def import_seconds() -> dict[str, float]:
    """Median seconds that each step adds to a cold start."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    command = [sys.executable, "-I", "-B", "-c", _PROGRAM, str(BUNDLE.resolve()), *_STEPS]
    runs = []
    for _ in range(RUNS + 1):
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        runs.append(json.loads(done.stdout))
    return {name: statistics.median(run[name] for run in runs[1:]) for name in _STEPS}


def zipped_bytes() -> Counter[str]:
    """Compressed bytes of each top-level entry of the bundle."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile("build/bundle.zip") as bundle:
        for entry in bundle.infolist():
            sizes[entry.filename.split("/")[0]] += entry.compress_size
    return sizes


def main() -> None:
    """Print the table."""
    seconds, sizes = import_seconds(), zipped_bytes()
    print("| what | seconds | zipped |")
    print("| --- | ---: | ---: |")
    for name in _STEPS:
        size = sum(sizes[each] for each in _PACKAGES.get(name, ()))
        print(f"| {name} | {seconds[name]:.3f} | {size / 1024:,.0f} KiB |")
    print(f"| all | {sum(seconds.values()):.3f} | {sum(sizes.values()) / 1024:,.0f} KiB |")


if __name__ == "__main__":
    main()
