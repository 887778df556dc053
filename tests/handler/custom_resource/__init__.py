"""Tests of handler/custom_resource."""
