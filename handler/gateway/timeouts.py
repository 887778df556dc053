"""How long clients wait for an answer, and how often they ask."""

from __future__ import annotations

from botocore.config import Config

USUAL = Config(
    connect_timeout=5,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 4},
    s3={"addressing_style": "path"},
)
"""Four time-outs in a row fit between the relay and the end of the sandbox."""

QUICK = USUAL.merge(
    Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
)
"""For what is better lost than a sandbox that dies over it."""

ONE_TRY = USUAL.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
"""For whom tries again by himself: before each try of a write somebody may object."""
