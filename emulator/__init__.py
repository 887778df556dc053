"""A local AWS for the demo and the tests: StackSets as a pure engine, and its adapters."""
