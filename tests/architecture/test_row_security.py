"""Every table of every service stands on one list: protected by policies, kept from requests, or open with a reason."""

import asyncio
from typing import Final

import asyncpg

from devstack import paths
from devstack.engines import Engines
from servicekit import migrations

PROTECTED: Final = {
    "registry": {
        "account",
        "api_client",
        "api_client_credential",
        "role_grant",
        "sign_in_session",
        "refresh_token",
        "access_code",
        "recovery_code",
        "identity_provider",
        "foreign_identity",
    },
    "targets": {
        "report",
        "report_change",
        "sign_off",
        "evidence",
        "correction",
        "reopen_request",
        "reopening",
        "reminder",
        "formula_version",
        "allocation",
        "allocated_target",
        "resolution_part",
        "indicator_change",
        "congress_term",
        "dispute",
        "dispute_subject",
        "dispute_change",
        "event_item",
        "contribution",
        "snapshot",
        "published_snapshot",
        "data_import",
        "import_conflict",
        "validation_rule",
        "population",
    },
    "feedback": {"submission", "submission_line", "identity_vault", "attachment", "deadline_change"},
    "oversight": {"feedback_item", "oversight_case", "recommendation", "addressee", "deadline_change"},
    "webhooks": {"endpoint", "message", "delivery", "attempt"},
}
HOUSE_ONLY: Final = {
    "registry": {"sign_in_throttle", "client_assertion", "foreign_sign_in"},
    "targets": {"recount_mark"},
    "feedback": {"recount_mark"},
    "oversight": {"recount_mark"},
}
"""No request reads these at all."""
OPEN: Final = {
    "registry": {
        "unit": "public fact",
        "unit_succession": "public fact",
        "organisation": "public fact",
        "organisation_succession": "public fact",
        "calendar_day": "public fact",
        "calendar_year": "public fact",
        "legal_instrument": "public fact",
        "legal_provision": "public fact",
        "deadline_rule": "public fact",
        "earlier_word": "what public facts said before",
        "revocation": "ids and moments; whoever ends access replaces the row of an earlier end",
    },
    "targets": {
        "indicator": "public fact; policies let only the board's officers write",
        "target_version": "public fact; policies let only the board's officers write",
        "reporting_period": "public fact",
        "form": "public fact, written by the monitoring board",
        "form_version": "public fact, append-only",
        "expected_report": "follows from public facts: which kinds of bodies owe a report",
        "import_line": "rows of a file within one transaction; COPY takes no policies, and none is ever committed",
        "outlier_rule": "public fact",
        "deadline_change": "what the due days of periods were, which everybody sees",
        "resolution": "public fact; policies let only the board's officers write",
        "dispute_kind": "what a dispute may rest on: a setting everybody may read",
        "roll_up": "sums shown to everybody who is signed in",
        "small_cell_rule": "public fact",
    },
}
MECHANISM_PROTECTED: Final = {"idempotency_key"}
MECHANISM_HOUSE: Final = {
    "outbox",
    "inbox",
    "inbox_progress",
    "dead_letter",
    "audit_entry",
    "audit_unsealed",
    "audit_seal",
}
MECHANISM_OPEN: Final = {"reference", "reference_source", "alembic_version"}
_STATES: Final = """
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS protected,
       has_table_privilege($1, c.oid, 'SELECT') AS readable,
       EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'see') AS has_policy
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""


def test_every_table_is_on_one_list() -> None:
    engines = Engines().start_now()
    try:
        for service in paths.SERVICES:
            made = asyncio.run(engines.create_database(f"{service}_walls", service=service))
            migrations.upgrade(service, made.owner_url)
            found = asyncio.run(_states(made.admin_dsn, service))
            assert {name for name, state in found.items() if state == "protected"} == (
                PROTECTED[service] | MECHANISM_PROTECTED
            ), service
            assert {name for name, state in found.items() if state == "house"} == (
                HOUSE_ONLY.get(service, set()) | MECHANISM_HOUSE
            ), service
            assert {name for name, state in found.items() if state == "open"} == (
                OPEN.get(service, {}).keys() | MECHANISM_OPEN
            ), service
    finally:
        engines.stop_now()


async def _states(admin_dsn: str, service: str) -> dict[str, str]:
    admin = await asyncpg.connect(admin_dsn)
    try:
        rows = await admin.fetch(_STATES, service)
    finally:
        await admin.close()
    return {
        row["name"]: "house"
        if not row["readable"]
        else "protected"
        if row["protected"] and row["has_policy"]
        else "open"
        for row in rows
    }
