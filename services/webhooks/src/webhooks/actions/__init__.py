"""One file a use case; each is one transaction of its caller."""
