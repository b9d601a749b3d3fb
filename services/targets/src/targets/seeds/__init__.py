"""The resolution as data, with its exact words."""
