"""The whole life of a stack that owns a stack set, on a local AWS, for people to watch.

python -m emulator.demo
"""

from __future__ import annotations

import sys

from emulator.demo.story import show
from tools.options import demo_parser


def main() -> int:
    """Run the demo; the exit code tells whether all went as it should."""
    given = demo_parser().parse_args()
    show(given.emulator_python, given.bundle)
    return 0


if __name__ == "__main__":
    sys.exit(main())
