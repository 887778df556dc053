"""Ministack's process, with StackSets put in and its mends."""
