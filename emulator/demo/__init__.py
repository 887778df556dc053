"""What people start: the story on a local AWS."""
