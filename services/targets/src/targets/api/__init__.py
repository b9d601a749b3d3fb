"""Routes and their models."""
