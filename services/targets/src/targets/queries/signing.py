"""How far a report has come up the tree, as columns of a query on reports and as the rules see them."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, any_, exists, func, select
from sqlalchemy.dialects.postgresql import JSONB

from servicekit.identity import Actor
from servicekit.tables import reference
from targets.domain.approval import WITHOUT_FORM, Place, Signing, applicable, standing
from targets.domain.forms import read_levels
from targets.queries.scope import ORGANISATION, organisation
from targets.tables import (
    evidence,
    form_version,
    indicator,
    reopening,
    report,
    report_change,
    reporting_period,
    sign_off,
)

FORM_OF_PERIOD: Final = and_(
    form_version.c.form_id == reporting_period.c.form_id, form_version.c.number == reporting_period.c.form_version
)
"""The version of the form a period was opened with."""
_above = reference.alias("above")


def reopened_until(organisation_id: ColumnElement[UUID] | None = None) -> ColumnElement[Any]:
    """Return until when a closed period is open again for the organisation of the row."""
    whose = organisation.c.id if organisation_id is None else organisation_id
    return (
        select(func.max(reopening.c.until_on))
        .where(
            reopening.c.period_id == reporting_period.c.id,
            reopening.c.organisation_id == whose,
            reopening.c.relocked_at.is_(None),
        )
        .scalar_subquery()
        .label("reopened_until")
    )


def evidence_needed() -> ColumnElement[bool]:
    """Return the condition that the indicator, or the form for it, asks for evidence."""
    return indicator.c.evidence_required | func.coalesce(indicator.c.code == any_(form_version.c.evidence_for), False)


def signing_columns(actor: Actor) -> Sequence[ColumnElement[Any]]:
    """Return the columns `read_signing` needs, for a query that joins report, period, form version and organisation."""
    places = select(
        func.jsonb_agg(
            func.jsonb_build_object(
                "id", _above.c.id, "kind", _above.c.data["kind"].astext, "level", _above.c.data["level"].astext
            )
        )
    ).where(_above.c.kind == ORGANISATION, _above.c.id == any_(organisation.c.path))
    signed = select(func.jsonb_object_agg(sign_off.c.level, sign_off.c.person_id, type_=JSONB)).where(
        sign_off.c.report_id == report.c.id, sign_off.c.round == report.c.round
    )
    returns = (
        select(func.count())
        .select_from(report_change)
        .where(report_change.c.report_id == report.c.id, report_change.c.action == "return")
    )
    kept = (
        select(func.count())
        .select_from(evidence)
        .where(evidence.c.report_id == report.c.id, evidence.c.removed_at.is_(None))
    )
    hand = exists().where(
        report_change.c.report_id == report.c.id,
        report_change.c.actor_id == actor.id,
        report_change.c.action.in_(("enter", "revise", "submit")),
    )
    return (
        form_version.c.levels.label("form_levels"),
        places.scalar_subquery().label("places"),
        signed.scalar_subquery().label("signed"),
        returns.scalar_subquery().label("returns"),
        kept.scalar_subquery().label("evidence"),
        evidence_needed().label("evidence_needed"),
        hand.label("had_a_hand"),
    )


def read_signing(row: Row[Any], actor: Actor) -> Signing:
    """Return the sign-offs of a row as the actor sees them."""
    path = [Place(UUID(place["id"]), place["kind"], place["level"]) for place in row.places or ()]
    levels = applicable(WITHOUT_FORM if row.form_levels is None else read_levels(row.form_levels), path)
    approving = [board for board in row.boards if board in actor.organisations("approver")]
    return Signing(
        levels=levels,
        signed={level: UUID(person) for level, person in (row.signed or {}).items()},
        mine=standing(levels, path, list(actor.organisations("verifier")), approving),
        actor=actor.id,
        had_a_hand=row.had_a_hand,
        returns=row.returns,
    )
