"""Routes and their models, by noun; they parse, call one action or query, and answer."""
