"""The resolution, its indicators, reports, roll-ups."""
