"""The whole function in virtual time."""
