"""Wires the feedback service together; nothing is decided here."""

from fastapi import FastAPI

from feedback.api import public_facts, receipts, staff, steps, submissions, tracking, uploads
from feedback.api.access import Office
from feedback.consumers import CONSUMERS, KINDS
from feedback.domain.deadlines import RULES
from feedback.domain.intake import GROUPS
from feedback.jobs import JOBS
from feedback.queries.directory import Directory
from feedback.sealing import Keys
from feedback.settings import FeedbackSettings
from feedback.tables import metadata
from servicekit import web
from servicekit.audit_reading import audit_router
from servicekit.encryption import read_key
from servicekit.files import FileStore
from servicekit.law_book import Law
from servicekit.service import Runtime, Service
from servicekit.settings import ServiceSettings
from servicekit.signatures import public_jwk, read_private_key

_BASE = "/api/v1/feedback"
PUBLIC = frozenset(
    {
        ("POST", f"{_BASE}/uploads"),
        ("POST", f"{_BASE}/submissions"),
        ("POST", f"{_BASE}/tracking"),
        ("POST", f"{_BASE}/tracking/deadline"),
        ("POST", f"{_BASE}/tracking/receipt"),
        ("POST", f"{_BASE}/tracking/attachment"),
        ("POST", f"{_BASE}/tracking/confirm"),
        ("POST", f"{_BASE}/tracking/dispute"),
        ("GET", f"{_BASE}/receipt-key.json"),
        ("POST", f"{_BASE}/receipts/verify"),
    }
)


async def prepare(runtime: Runtime) -> None:
    """Add what is this service's own: keys, file store, and the registry's facts in the form it asks for."""
    settings: FeedbackSettings = runtime.settings
    receipt_key = read_private_key(settings.signing_key.get_secret_value())
    keys = Keys(
        keyring=runtime.keyring,
        index_key=read_key(settings.index_key.get_secret_value()),
        receipt_key=receipt_key,
        receipt_jwk=public_jwk(receipt_key.public_key()),
    )
    files = FileStore(settings.files_url, runtime.keyring, table="attachment")
    runtime.parts["files"] = files
    runtime.parts["office"] = Office(
        database=runtime.database,
        keys=keys,
        files=files,
        law=Law(runtime.book, RULES),
        directory=Directory(runtime.book),
        issuer=settings.issuer,
        event_delay_seconds=settings.anonymous_event_delay_seconds,
        wake=runtime.waker.wake,
    )


SERVICE = Service(
    name="feedback",
    title="Nhịp Cầu · Phản ánh, kiến nghị",
    settings=FeedbackSettings,
    metadata=metadata,
    routers=(
        uploads.router,
        submissions.router,
        staff.router,
        steps.router,
        tracking.router,
        receipts.router,
        public_facts.router,
        audit_router("feedback"),
    ),
    public=PUBLIC,
    consumers=CONSUMERS,
    jobs=JOBS,
    references=KINDS,
    groups=GROUPS,
    prepare=prepare,
)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Return the application, with settings from the environment unless given."""
    return web.create_app(SERVICE, settings)
