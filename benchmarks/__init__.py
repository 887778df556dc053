"""Commands that print tables; each is run as `python -m benchmarks.NAME`."""
