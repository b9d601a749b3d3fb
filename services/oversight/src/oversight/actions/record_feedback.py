"""Keeps the read copy of feedback items: what feedback's events tell, and nothing else."""

from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from contracts import feedback_v1
from oversight.tables import feedback_item


async def record_received(
    session: AsyncSession, submission_id: UUID, sequence: int, fact: feedback_v1.SubmissionReceived
) -> None:
    """Note a new feedback item; a copy that is already there is only brought up to date."""
    values: dict[str, Any] = {
        "sequence": sequence,
        "status": "submitted",
        "front_organisation_id": fact.front_organisation_id,
        "unit_id": fact.unit_id,
        "received_on": fact.received_on,
    }
    statement = insert(feedback_item).values(submission_id=submission_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["submission_id"],
            set_=values,
            where=feedback_item.c.sequence < statement.excluded.sequence,
        )
    )


async def record_change(session: AsyncSession, submission_id: UUID, sequence: int, **values: object) -> None:
    """Note that a feedback item moved on; an older version than the known one changes nothing."""
    await session.execute(
        update(feedback_item)
        .where(feedback_item.c.submission_id == submission_id, feedback_item.c.sequence < sequence)
        .values(sequence=sequence, **values)
    )
