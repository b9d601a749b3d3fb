"""The parent of this service's tables, and the column types they share."""

from datetime import date
from typing import Annotated
from uuid import UUID

from sqlalchemy import ARRAY, Date, ForeignKey, LargeBinary, Text, Uuid, text
from sqlalchemy.orm import mapped_column

from servicekit.db import TableBase, new_metadata


class RegistryTable(TableBase):
    """Parent of every table of the registry."""

    __abstract__ = True
    metadata = new_metadata()


Id = Annotated[UUID, mapped_column(Uuid, primary_key=True)]
Line = Annotated[str, mapped_column(Text)]
Day = Annotated[date, mapped_column(Date)]
Path = Annotated[list[UUID], mapped_column(ARRAY(Uuid))]
Bytes = Annotated[bytes, mapped_column(LargeBinary)]
Version = Annotated[int, mapped_column(server_default=text("1"))]
UnitRef = Annotated[UUID, mapped_column(ForeignKey("unit.id"))]
OrganisationRef = Annotated[UUID, mapped_column(ForeignKey("organisation.id"))]
