"""Reads of oversight, and nothing but reads."""
