"""The only doors to AWS: the StackSets API and the templates in S3."""
