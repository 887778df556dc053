"""Tests of the pure rooms: no AWS, no network, no real waiting."""
