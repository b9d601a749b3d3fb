"""Pure rules of the feedback channel: no I/O, no clock, no random."""
