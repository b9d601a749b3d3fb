"""Wires the targets service: which routes, consumers and jobs it is made of."""

from fastapi import FastAPI

from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.law_book import Law
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings
from targets.api import indicators, periods, reports, snapshots
from targets.consumers import FEEDBACK, REFERENCES, REGISTRY
from targets.domain.report_steps import RULE
from targets.jobs import COUNT_OVERDUE, RECOUNT
from targets.queries.scope import GROUPS
from targets.settings import TargetsSettings
from targets.tables import metadata


async def prepare(runtime: Runtime) -> None:
    """Add the deadline rules and the calendar in the form this service asks for."""
    runtime.parts["law"] = Law(runtime.book, [RULE])


SERVICE = Service(
    name="targets",
    title="Nhịp Cầu · Chỉ tiêu",
    settings=TargetsSettings,
    metadata=metadata,
    routers=(indicators.router, periods.router, reports.router, snapshots.router, audit_router("targets")),
    public=frozenset(),
    consumers=(REGISTRY, FEEDBACK),
    jobs=(COUNT_OVERDUE, RECOUNT),
    references=REFERENCES,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application."""
    return web.create_app(SERVICE, settings)
