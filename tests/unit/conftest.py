"""How the property-based tests of the pure rooms run."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run, so that a red run is a change and not luck; no time limit for
# one example, so that a busy machine is not a failure either.
settings.register_profile("unit", derandomize=True, database=None, deadline=None)
settings.load_profile("unit")
