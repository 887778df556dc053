"""End to end: real CloudFormation, the real function, real stacks, on the local AWS."""
