"""One use case a file, one transaction each; the caller opens and commits it."""
