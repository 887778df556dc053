"""Tests of the emulator: one for each rule of the StackSets API."""
