"""Pure: what an author may write."""
