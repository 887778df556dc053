"""What ends the command."""


class Trouble(Exception):
    """Something that ends the command; the text is one line, with the mend."""
