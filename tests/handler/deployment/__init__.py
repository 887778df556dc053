"""Tests of handler/deployment."""
