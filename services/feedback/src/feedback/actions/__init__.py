"""One verb per file, one use case, one transaction that the caller opens and commits."""
