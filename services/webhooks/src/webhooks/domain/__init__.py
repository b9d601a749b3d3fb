"""Pure rules: which targets are allowed, when to try again, what a filter lets through."""
