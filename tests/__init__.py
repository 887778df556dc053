"""Tests: of each package, by simulation, on the local AWS, and of what is packaged."""
