"""Oversight cases, criticism, recommendations."""
