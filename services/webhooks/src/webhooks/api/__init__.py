"""Routes by noun: they parse, delegate and declare their errors."""
