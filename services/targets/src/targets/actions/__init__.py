"""Use cases: one file a verb, one transaction each; nothing here commits."""
