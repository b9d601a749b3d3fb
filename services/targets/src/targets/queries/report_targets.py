"""What the figures of one report are judged by, as columns of the statement that reads the report."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Uuid, and_, exists, func, or_, select

from targets.domain.judging import Target
from targets.domain.periods import PeriodKind
from targets.domain.progress import EACH_UNIT, Asked
from targets.queries.scope import organisation
from targets.tables import (
    allocated_target,
    allocation,
    indicator,
    population,
    reporting_period,
    roll_up,
    target_version,
)

_earlier = target_version.alias("earlier")


def valid_target() -> ColumnElement[bool]:
    """Return the condition that a target version holds on the period's last day."""
    day = reporting_period.c.last_day
    return and_(
        target_version.c.indicator_id == indicator.c.id,
        target_version.c.valid_from <= day,
        or_(target_version.c.valid_to.is_(None), target_version.c.valid_to >= day),
    )


def target_columns() -> list[ColumnElement[Any]]:
    """Return the columns `asked_of` reads, for a query that joins period, indicator, organisation and target."""
    return [
        indicator.c.time_aggregation,
        indicator.c.period_kind.label("own_kind"),
        indicator.c.reporting_kinds,
        target_version.c.number.label("target_number"),
        target_version.c.comparator,
        target_version.c.value.label("target_value"),
        target_version.c.valid_from,
        target_version.c.valid_to,
        target_version.c.minimum_coverage,
        target_version.c.minimum_population,
        target_version.c.aggregation_scope,
        target_version.c.counting_method.label("configured_counting"),
        exists()
        .where(_earlier.c.indicator_id == indicator.c.id, _earlier.c.valid_to < reporting_period.c.first_day)
        .label("ended_before"),
        _allocated(),
        _whole_expected(),
        _persons(),
    ]


def asked_of(row: Row[Any]) -> Asked:
    """Return by which rule a unit's own figures are judged, without the value a trend would start from.

    A unit stands for the whole where it is at the top and nobody but itself is expected.
    """
    target = None
    if row.target_number is not None:
        target = Target(
            row.comparator,
            row.target_value,
            row.valid_from,
            row.valid_to,
            row.minimum_coverage,
            row.minimum_population,
        )
    return Asked(
        kind=row.indicator_kind,
        how=row.time_aggregation,
        own_kind=PeriodKind(row.own_kind),
        reporting_kinds=tuple(map(PeriodKind, row.reporting_kinds)),
        target=target,
        counting_method=row.configured_counting,
        ended_before=row.ended_before,
        each_unit=row.aggregation_scope == EACH_UNIT,
        is_whole=len(row.organisation_path) == 1 and row.whole_expected == 1,
        allocated=row.allocated,
    )


def _allocated() -> ColumnElement[Any]:
    """Return what the newest version of the target's allocation hands down to the organisation."""
    newest = (
        select(func.max(allocation.c.version))
        .where(allocation.c.target_version_id == target_version.c.id)
        .correlate(target_version)
        .scalar_subquery()
    )
    return (
        select(allocated_target.c.value)
        .where(
            allocated_target.c.target_version_id == target_version.c.id,
            allocated_target.c.version == newest,
            allocated_target.c.organisation_id == organisation.c.id,
        )
        .correlate(target_version, organisation)
        .scalar_subquery()
        .label("allocated")
    )


def _whole_expected() -> ColumnElement[Any]:
    return (
        select(roll_up.c.expected)
        .where(
            roll_up.c.indicator_id == indicator.c.id,
            roll_up.c.period == reporting_period.c.code,
            roll_up.c.organisation_id.is_(None),
        )
        .correlate(indicator, reporting_period)
        .scalar_subquery()
        .label("whole_expected")
    )


def _persons() -> ColumnElement[Any]:
    """Return how many people live in the organisation's unit, as last counted by the period's last day."""
    unit: ColumnElement[UUID] = organisation.c.data["unit_id"].astext.cast(Uuid)
    return (
        select(population.c.persons)
        .where(population.c.unit_id == unit, population.c.counted_on <= reporting_period.c.last_day)
        .order_by(population.c.counted_on.desc())
        .limit(1)
        .correlate(organisation, reporting_period)
        .scalar_subquery()
        .label("persons")
    )
