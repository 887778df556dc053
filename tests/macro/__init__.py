"""The macro's pure part, and its answers to CloudFormation."""
