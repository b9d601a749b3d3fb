"""Wires the targets service: which routes, consumers and jobs it is made of."""

from fastapi import FastAPI

from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.law_book import Law
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings
from targets.api import indicators, periods, published, reports, snapshot_files, snapshots
from targets.consumers import FEEDBACK, REFERENCES, REGISTRY
from targets.domain.report_steps import RULE
from targets.jobs import COUNT_OVERDUE, RECOUNT
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
    """Add the deadline rules and the calendar in the form this service asks for, and what makes documents."""
    runtime.parts["law"] = Law(runtime.book, [RULE])
    runtime.parts["press"] = Press()


SERVICE = Service(
    name="targets",
    title="Nhịp Cầu · Chỉ tiêu",
    settings=TargetsSettings,
    metadata=metadata,
    routers=(
        indicators.router,
        periods.router,
        reports.router,
        snapshots.router,
        snapshot_files.router,
        published.router,
        audit_router("targets"),
    ),
    public=PUBLIC,
    consumers=(REGISTRY, FEEDBACK),
    jobs=(COUNT_OVERDUE, RECOUNT),
    references=REFERENCES,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application."""
    return web.create_app(SERVICE, settings)
