"""Bring the house in line with one declared file: what is listed is made so, what is not listed is left alone.

Each module handles one section and returns what it changed; everything happens in the caller's transaction, through
the same actions as the single routes, so that nothing can be set up here that could not be done there.
"""
