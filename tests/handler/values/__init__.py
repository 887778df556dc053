"""Tests of handler/values."""
