"""Wires the targets service: which routes, consumers and jobs it is made of."""

from fastapi import FastAPI

from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.files import FileStore
from servicekit.law_book import Law
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings
from targets.api import (
    allocations,
    calendar,
    completeness,
    corrections,
    dashboards,
    disputes,
    evidence,
    figure_items,
    forms,
    formulas,
    imports,
    indicator_changes,
    indicators,
    obligations,
    periods,
    population,
    published,
    reminders,
    reopenings,
    reports,
    resolutions,
    series,
    sheets,
    snapshot_files,
    snapshots,
    validation,
)
from targets.api.dashboard_lines import KeptLines
from targets.commands import COMMANDS
from targets.consumers import FEEDBACK, OVERSIGHT, REFERENCES, REGISTRY
from targets.domain import dispute_steps, report_steps
from targets.jobs import COUNT_OVERDUE, LOCK_PERIODS, NOTICE_SILENCE, RECOUNT, REMIND
from targets.queries.lineage import LineageBook
from targets.queries.scope import GROUPS
from targets.rendering.press import Press
from targets.settings import TargetsSettings
from targets.tables import metadata

_PUBLISHED = "/api/v1/targets/published"
PUBLIC = frozenset(
    {
        ("GET", _PUBLISHED),
        ("GET", f"{_PUBLISHED}/{{snapshot_id}}"),
        ("GET", f"{_PUBLISHED}/{{snapshot_id}}/figures/{{key}}"),
        ("GET", f"{_PUBLISHED}-files/{{snapshot_id}}/document.{{form}}"),
        ("GET", f"{_PUBLISHED}-files/{{snapshot_id}}/data.{{form}}"),
    }
)


async def prepare(runtime: Runtime) -> None:
    """Add what is made once: the law and calendar in the form asked for, the lineage of bodies, files, documents."""
    settings: TargetsSettings = runtime.settings
    runtime.parts["files"] = FileStore(settings.files_url, runtime.keyring, table="evidence")
    runtime.parts["law"] = Law(runtime.book, [report_steps.RULE, dispute_steps.RULE])
    runtime.parts["lineage"] = LineageBook(runtime.book)
    runtime.parts["press"] = Press()
    runtime.parts["dashboard_lines"] = KeptLines()


SERVICE = Service(
    name="targets",
    title="Nhịp Cầu · Chỉ tiêu",
    settings=TargetsSettings,
    metadata=metadata,
    routers=(
        indicators.router,
        indicator_changes.router,
        resolutions.router,
        calendar.router,
        formulas.router,
        allocations.router,
        population.router,
        periods.router,
        series.router,
        reports.router,
        forms.router,
        sheets.router,
        reopenings.router,
        completeness.router,
        obligations.router,
        reminders.router,
        corrections.router,
        evidence.router,
        figure_items.router,
        dashboards.router,
        disputes.router,
        imports.router,
        validation.router,
        snapshots.router,
        snapshot_files.router,
        published.router,
        audit_router("targets"),
    ),
    public=PUBLIC,
    consumers=(REGISTRY, FEEDBACK, OVERSIGHT),
    jobs=(COUNT_OVERDUE, NOTICE_SILENCE, RECOUNT, LOCK_PERIODS, REMIND),
    references=REFERENCES,
    groups=GROUPS,
    prepare=prepare,
    commands=COMMANDS,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application."""
    return web.create_app(SERVICE, settings)
