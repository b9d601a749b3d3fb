"""The life of a snapshot (bản chốt số liệu): a draft made by one person, issued (ban hành) by another."""

from typing import Final

from servicekit.errors import DomainError
from servicekit.lifecycle import Facts, Step
from targets.domain.snapshot_refusals import MakerDoesNotIssue

DRAFT: Final = "draft"
ISSUED: Final = "issued"
STATUSES: Final = (DRAFT, ISSUED)
INITIAL: Final = DRAFT


def another_person(facts: Facts) -> DomainError | None:
    """Who issues has not made it."""
    return MakerDoesNotIssue() if facts["actor"] == facts["made_by"] else None


STEPS: Final = (
    Step(
        "issue",
        DRAFT,
        ISSUED,
        by=frozenset({"approver"}),
        event="targets.snapshot.issued.v1",
        guard=another_person,
    ),
)
