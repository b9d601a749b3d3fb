"""Pure rules of the registry: no I/O, no clock, no random."""
