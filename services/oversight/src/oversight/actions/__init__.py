"""One use case per file; each runs in the caller's transaction and never commits."""
