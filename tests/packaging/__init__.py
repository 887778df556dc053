"""The bundle, the template and the front door."""
