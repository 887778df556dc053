"""Tests of handler/plan."""
