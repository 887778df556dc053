"""Tests of emulator/virtual."""
