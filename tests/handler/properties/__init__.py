"""Tests of handler/properties."""
