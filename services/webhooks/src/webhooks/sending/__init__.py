"""The way out: guarded connections, one attempt, many at once."""
