"""Schema of oversight, step by step."""
