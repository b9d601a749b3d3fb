"""Routes and their models, by noun; they parse, delegate and answer."""
