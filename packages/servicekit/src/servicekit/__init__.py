"""Mechanism every service needs; not one domain word."""
