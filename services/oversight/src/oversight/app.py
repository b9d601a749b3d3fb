"""Wiring of the oversight service; no logic here."""

from dataclasses import replace
from typing import cast

from fastapi import FastAPI

from oversight.api import cases, public_facts, recommendations
from oversight.consumers import FEEDBACK, REGISTRY
from oversight.domain.errors import RuleUnknown
from oversight.domain.reply_clock import RULE_KEY
from oversight.domain.roles import GROUPS
from oversight.jobs import RECOUNT, overdue_job
from oversight.queries.registry_facts import REFERENCES
from oversight.settings import OversightSettings
from oversight.tables import metadata
from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.law_book import Law
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings


async def prepare(runtime: Runtime) -> None:
    """Add the law, and give the job the interval of the settings, not known when SERVICE is defined."""
    runtime.parts["law"] = Law(runtime.book, [RULE_KEY], unknown=RuleUnknown)
    settings = cast(OversightSettings, runtime.settings)
    runtime.service = replace(runtime.service, jobs=(overdue_job(settings.overdue_check_seconds), RECOUNT))


SERVICE = Service(
    name="oversight",
    title="Nhịp Cầu: giám sát",
    settings=OversightSettings,
    metadata=metadata,
    routers=(cases.router, recommendations.router, public_facts.router, audit_router("oversight")),
    public=frozenset(),
    consumers=(FEEDBACK, REGISTRY),
    references=REFERENCES,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application, with settings from the environment unless given."""
    return web.create_app(SERVICE, settings)
