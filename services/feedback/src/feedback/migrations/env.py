"""Alembic's entry: the tables of this service beside those of the mechanisms."""

from feedback.tables import metadata
from servicekit.migrations import run_environment

run_environment(metadata)
