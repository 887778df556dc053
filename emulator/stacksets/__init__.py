"""StackSets as a pure engine: a clock and how to have one stack deployed, nothing else."""
