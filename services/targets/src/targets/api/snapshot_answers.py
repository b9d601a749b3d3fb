"""What is said about snapshots."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field
from sqlalchemy import Row

from servicekit.identity import Actor
from servicekit.lifecycle import actions_from
from servicekit.text import Answer, ApiModel, Code, Coded, Instant, LegalDate, SafeLine, Uuid
from targets.domain.snapshot import Change
from targets.domain.snapshot_steps import STEPS
from targets.domain.snapshot_wording import KINDS, STATUSES
from targets.queries.scope import roles_towards

SnapshotKind = Literal["interim_review", "final_review"]
SnapshotStatus = Literal["draft", "issued"]
View = Literal["internal", "public"]
Language = Literal["vi", "en"]
FigureKey = Annotated[
    str,
    Coded(
        "[A-Za-z0-9][A-Za-z0-9.-]*_[0-9]{4}(?:S[12]|Q[1-4]|T[0-9]{4}|[01][0-9](?:[0-3][0-9])?)?_(?:city|[0-9a-f-]{36})",
        max_length=120,
    ),
]
"""Indicator, period, and organisation (`city` for the whole): TGT-01_2025_city."""


class NewSnapshotBody(ApiModel):
    """What to freeze."""

    kind: SnapshotKind
    title: SafeLine
    resolution: Annotated[SafeLine, Field(description="Number of the resolution: 08-NQ/TU")]
    periods: Annotated[list[Code], Field(min_length=1, max_length=12)]
    supersedes: Uuid | None = None


class IssueBody(ApiModel):
    """The document with which the snapshot is issued."""

    number: Annotated[SafeLine, Field(description="Number and sign of the document: 12-BC/BTGDV")]
    issued_on: LegalDate


class SnapshotHead(Answer):
    """What every view of a snapshot begins with; `sha256` is of this view's content."""

    kind: SnapshotKind
    kind_vi: str
    kind_en: str
    title: str
    resolution: str
    periods: list[str]
    supersedes: Uuid | None
    sha256: str


class SnapshotAnswer(SnapshotHead):
    """A snapshot as its readers see it."""

    id: Uuid
    status: SnapshotStatus
    status_vi: str
    status_en: str
    version: int
    made_at: Instant
    made_by: Uuid
    number: str | None
    issued_on: LegalDate | None
    issued_by: Uuid | None
    possible_actions: list[str]

    @classmethod
    def of(cls, row: Row[Any], actor: Actor) -> Self:
        """Show a stored snapshot."""
        possible = actions_from(STEPS, row.status, roles_towards(actor, (), row.boards))
        status_vi, status_en = STATUSES[row.status]
        names = ("id", "status", "version", "made_at", "made_by", "number", "issued_on", "issued_by")
        return cls(
            **head_fields(row),
            **{name: getattr(row, name) for name in names},
            status_vi=status_vi,
            status_en=status_en,
            possible_actions=[] if row.made_by == actor.id else possible,
        )


class PublishedAnswer(SnapshotHead):
    """A published snapshot as everybody sees it."""

    id: Uuid
    number: str
    issued_on: LegalDate

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """Show a published snapshot."""
        return cls(**head_fields(row), id=row.snapshot_id, number=row.number, issued_on=row.issued_on)


def head_fields(row: Row[Any]) -> dict[str, Any]:
    """Return the fields of SnapshotHead."""
    kind_vi, kind_en = KINDS[row.kind]
    names = ("kind", "title", "resolution", "periods", "supersedes", "sha256")
    return {name: getattr(row, name) for name in names} | {"kind_vi": kind_vi, "kind_en": kind_en}


class ChangeAnswer(Answer):
    """One value that is another than in the earlier snapshot; null where there was or is none."""

    key: str
    indicator_code: str
    period: str
    organisation: str
    name: str
    before: str | None
    after: str | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """Show a change."""
        return cls(
            key=change.key,
            indicator_code=change.indicator,
            period=change.period,
            organisation=change.organisation,
            name=change.name,
            before=change.before,
            after=change.after,
        )
