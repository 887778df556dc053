"""What Create, Update and Delete mean: look, decide, act, wait."""
