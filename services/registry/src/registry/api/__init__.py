"""Routes by noun: they parse, hand over, and put the answer together."""
