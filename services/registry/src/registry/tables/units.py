"""Administrative units (đơn vị hành chính) and bodies standing in them (tổ chức), each for a span of dates.

What no single row shows (a parent's span, who stood on the day of a succession, shares above the whole) is held by the
deferred triggers of migration 0007.
"""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, Uuid, column, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.registry_table import Bytes, Day, Id, Line, OrganisationRef, Path, RegistryTable, UnitRef, Version


class Unit(RegistryTable):
    """One administrative unit under one parent for a span of dates; both ends are included, no end means today's.

    `code` is the unit's own only within the span: codes were given to other units on 1 July 2025.
    `start_known` is false when the true beginning is earlier than what was recorded, so never where something was taken
    over at the beginning. `source` is the instrument it stands by, `ended_by` the one that ended it, where it was
    entered.
    """

    __tablename__ = "unit"

    id: Mapped[Id]
    code: Mapped[Line]
    name: Mapped[Line]
    type: Mapped[Line]
    level: Mapped[Line]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id"))
    path: Mapped[Path]
    valid_from: Mapped[Day]
    valid_to: Mapped[date | None]
    start_known: Mapped[bool]
    area_km2: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(8, 5))
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(8, 5))
    plain_name: Mapped[Line]
    sort_key: Mapped[Bytes]
    source: Mapped[Line]
    ended_by: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        CheckConstraint("level IN ('city', 'district', 'commune')", name="level"),
        ExcludeConstraint(
            ("code", "="),
            (func.daterange(column("valid_from"), column("valid_to"), "[]"), "&&"),
            name="ex_unit_code_at_a_date",
        ),
        ExcludeConstraint(
            ("parent_id", "="),
            ("name", "="),
            (func.daterange(column("valid_from"), column("valid_to"), "[]"), "&&"),
            name="ex_unit_name_under_a_parent",
        ),
        Index("ix_unit_sort_key_id", "sort_key", "id"),
        Index("ix_unit_parent_id", "parent_id"),
    )


class UnitSuccession(RegistryTable):
    """Which unit became which (đơn vị kế tục): the whole of it, a part, the remainder, or unchanged.

    `ratio` (0 to 1) is how much of the predecessor went over as a part; the law gives none, so it is entered with its
    source. The whole needs none.
    """

    __tablename__ = "unit_succession"

    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    predecessor_id: Mapped[UnitRef] = mapped_column(primary_key=True)
    successor_id: Mapped[UnitRef] = mapped_column(primary_key=True)
    share: Mapped[Line]
    happened_on: Mapped[Day]
    clause: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[Line]
    confidence: Mapped[Line]
    ratio: Mapped[Decimal | None] = mapped_column(Numeric(9, 8))
    ratio_source: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("share IN ('whole', 'part', 'remainder', 'unchanged')", name="share"),
        CheckConstraint("(ratio IS NULL) = (ratio_source IS NULL)", name="ratio_with_source"),
        CheckConstraint("ratio IS NULL OR (ratio > 0 AND ratio <= 1)", name="ratio_range"),
        CheckConstraint("ratio IS NULL OR share IN ('part', 'remainder')", name="ratio_of_a_part"),
        CheckConstraint("confidence IN ('confirmed', 'inferred', 'unconfirmed')", name="confidence"),
        CheckConstraint("predecessor_id <> successor_id", name="not_itself"),
        Index("ix_unit_succession_successor_id", "successor_id"),
    )


class Organisation(RegistryTable):
    """One body of one kind at one unit for a span of dates; `path` leads from the topmost body down to itself."""

    __tablename__ = "organisation"

    id: Mapped[Id]
    kind: Mapped[Line]
    name: Mapped[Line]
    level: Mapped[Line]
    unit_id: Mapped[UnitRef]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    path: Mapped[Path]
    valid_from: Mapped[Day]
    valid_to: Mapped[date | None]
    start_known: Mapped[bool]
    plain_name: Mapped[Line]
    sort_key: Mapped[Bytes]
    source: Mapped[Line]
    ended_by: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="span"),
        CheckConstraint("level IN ('city', 'district', 'commune')", name="level"),
        # A city has many departments (sở), but one body of every other kind.
        ExcludeConstraint(
            ("unit_id", "="),
            ("kind", "="),
            (func.daterange(column("valid_from"), column("valid_to"), "[]"), "&&"),
            name="ex_organisation_kind_at_a_unit",
            where="kind <> 'department'",
        ),
        ExcludeConstraint(
            ("parent_id", "="),
            ("plain_name", "="),
            (func.daterange(column("valid_from"), column("valid_to"), "[]"), "&&"),
            name="ex_organisation_department_under_a_parent",
            where="kind = 'department'",
        ),
        Index("ix_organisation_sort_key_id", "sort_key", "id"),
        Index("ix_organisation_unit_id_kind", "unit_id", "kind"),
        Index("ix_organisation_parent_id", "parent_id"),
        Index("ix_organisation_path", "path", postgresql_using="gin"),
        Index(
            "ix_organisation_plain_name",
            "plain_name",
            postgresql_using="gin",
            postgresql_ops={"plain_name": "gin_trgm_ops"},
        ),
    )


class OrganisationSuccession(RegistryTable):
    """Which body took over from which: MERGE, SPLIT, RENAME, ABSORB, or CONTINUE for the same body under a new parent.

    `confidence`: confirmed (read in the instrument), inferred (follows from the units' succession), unconfirmed.
    A SPLIT carries a part, whose `ratio` is null while nobody knows it; every other kind carries the whole.
    `inherited`: the ratio is the one entered for the units the two bodies stood at, not one of their own.
    """

    __tablename__ = "organisation_succession"

    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    predecessor_id: Mapped[OrganisationRef] = mapped_column(primary_key=True)
    successor_id: Mapped[OrganisationRef] = mapped_column(primary_key=True)
    kind: Mapped[Line]
    happened_on: Mapped[Day]
    legal_basis: Mapped[Line]
    confidence: Mapped[Line]
    ratio: Mapped[Decimal | None] = mapped_column(Numeric(9, 8))
    ratio_source: Mapped[str | None] = mapped_column(Text)
    inherited: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[Version]

    __table_args__ = (
        CheckConstraint("kind IN ('MERGE', 'SPLIT', 'RENAME', 'ABSORB', 'CONTINUE')", name="kind"),
        CheckConstraint("(ratio IS NULL) = (ratio_source IS NULL)", name="ratio_with_source"),
        CheckConstraint("ratio IS NULL OR (ratio > 0 AND ratio <= 1)", name="ratio_range"),
        CheckConstraint("ratio IS NULL OR kind = 'SPLIT'", name="ratio_of_a_part"),
        CheckConstraint("ratio IS NOT NULL OR NOT inherited", name="inherits_a_ratio"),
        CheckConstraint("confidence IN ('confirmed', 'inferred', 'unconfirmed')", name="confidence"),
        CheckConstraint("predecessor_id <> successor_id", name="not_itself"),
        Index("ix_organisation_succession_successor_id", "successor_id"),
    )
