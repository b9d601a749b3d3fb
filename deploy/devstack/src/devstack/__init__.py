"""Everything on one machine without containers; development and tests only."""
