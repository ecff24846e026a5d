"""How well the end of a caller's turn is found; see ``__main__``."""
