"""Pure rules of oversight: transition tables, plan parts, the reply clock. No I/O, no clock, no random."""
