"""Reads, and nothing but reads."""
