"""Seed: units, bodies and their succession, calendar, instruments, deadline rules.

Ids follow from what a thing is and existing rows stay as they are, so running this again adds nothing. No events:
consumers take the snapshot from GET /reference and then follow the events.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import insert

from registry.seeds import law
from registry.seeds.territory import Territory

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    territory = Territory()
    instruments, provisions = law.instruments()
    _fill("unit", territory.units)
    _fill("unit_succession", territory.unit_successions)
    _fill("organisation", territory.organisations)
    _fill("organisation_succession", territory.organisation_successions)
    _fill("calendar_day", law.calendar_days())
    _fill("calendar_year", law.calendar_years())
    _fill("legal_instrument", instruments)
    _fill("legal_provision", provisions)
    _fill("deadline_rule", law.deadline_rules())


def _fill(name: str, rows: Iterable[dict[str, Any]]) -> None:
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    connection.execute(insert(table).on_conflict_do_nothing(), list(rows))
