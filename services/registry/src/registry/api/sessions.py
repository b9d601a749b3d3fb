"""Sessions: the own ones listed and ended, those of others ended by administrators; lost authenticator apps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Response

from registry.actions import change_account
from registry.actions.end_own_session import end_other_sessions, end_own_session
from registry.api.access import Administrator, Keys, Process, SignedIn
from registry.api.account_models import AccountAnswer, read_answer
from registry.domain.errors import ManagedBySettings, OutsideYourOrganisations
from registry.queries.sessions import live_sessions
from servicekit.clock import Now
from servicekit.db import ReadSession, WriteSession
from servicekit.errors import Conflict
from servicekit.etags import ExpectedVersion
from servicekit.routes import answers, new_router
from servicekit.text import Answer, Uuid

router = new_router("registry", "sessions")


class SessionAnswer(Answer):
    """One sign-in that goes on; where from and with which program is not kept."""

    id: UUID
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime
    second_factor: bool
    present: bool


class SessionsAnswer(Answer):
    """The sessions that go on, the last used first."""

    items: list[SessionAnswer]


@router.get("/me/sessions")
async def list_sessions(session: ReadSession, actor: SignedIn, now: Now) -> SessionsAnswer:
    """List one's own sessions; `present` marks the one this token belongs to."""
    rows = await live_sessions(session, actor.id, now)
    return SessionsAnswer(items=[_answer(row, actor.session_id) for row in rows])


@router.delete("/me/sessions/{session_id}", status_code=204)
async def end_one_session(session_id: Uuid, session: WriteSession, actor: SignedIn, now: Now, process: Process) -> None:
    """End one of one's own sessions."""
    await end_own_session(session, session_id, actor=actor, now=now)
    process.verifier.revocations.want()


@router.post("/me/sessions/end-others", status_code=204)
async def end_my_other_sessions(session: WriteSession, actor: SignedIn, now: Now, process: Process) -> None:
    """End all one's own sessions but this one."""
    await end_other_sessions(session, actor=actor, now=now)
    process.verifier.revocations.want()


@router.post("/accounts/{account_id}/sessions/end", **answers(ManagedBySettings))
async def end_sessions_of_account(
    account_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    process: Process,
) -> AccountAnswer:
    """End every session of an account; its person may sign in again."""
    account = await change_account.end_all_sessions(session, account_id, expected=version, actor=actor, now=now)
    process.verifier.revocations.want()
    return await read_answer(session, account, response, keys)


@router.delete("/accounts/{account_id}/second-factor", **answers(Conflict, OutsideYourOrganisations, ManagedBySettings))
async def reset_second_factor(
    account_id: Uuid,
    session: WriteSession,
    actor: Administrator,
    version: ExpectedVersion,
    response: Response,
    now: Now,
    keys: Keys,
    process: Process,
) -> AccountAnswer:
    """Take a lost authenticator app off an account; all its sessions end, roles that decide wait for a new one."""
    account = await change_account.reset_second_factor(session, account_id, expected=version, actor=actor, now=now)
    process.verifier.revocations.want()
    return await read_answer(session, account, response, keys)


def _answer(row: Any, present: UUID) -> SessionAnswer:
    return SessionAnswer(
        id=row.id,
        started_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        second_factor=row.second_factor,
        present=row.id == present,
    )
