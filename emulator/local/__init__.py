"""Our process: starts the local AWS and works with it."""
