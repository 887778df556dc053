"""AWS in virtual time under botocore, without a server."""
