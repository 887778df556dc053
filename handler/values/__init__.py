"""Pure: the words that all other rooms speak."""
