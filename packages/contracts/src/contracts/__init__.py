"""Event schemas; not one mechanism."""
