"""What the tables of this service share: the metadata, and columns of one meaning everywhere."""

from typing import Any

from sqlalchemy import Column, DateTime, Numeric, text
from sqlalchemy.dialects.postgresql import UUID

from servicekit.db import new_metadata
from servicekit.tables import add_recounting

metadata = new_metadata()
add_recounting(metadata)
INSTANT = DateTime(timezone=True)
EXACT = Numeric(28, 10)
MADE_ID = text("uuidv7()")
IS_ID = UUID(as_uuid=True)


def id_column(**options: Any) -> "Column[Any]":
    """Return the key of a table: an id of our own, never a code."""
    return Column("id", IS_ID, primary_key=True, **options)
