"""The front door: sign-in check, limits, proxy, joined OpenAPI."""
