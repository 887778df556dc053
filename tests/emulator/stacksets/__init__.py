"""Tests of emulator/stacksets."""
