"""Tests: unit, emulator, simulation, packaging and e2e."""
