"""Who stands for an organisation on a day, named where a person gave one that does not."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from targets.domain.lineage import Body
from targets.domain.refusals import OrganisationNotValid
from targets.queries.lineage import LineageBook


def named(bodies: Iterable[Body]) -> list[dict[str, Any]]:
    """Return organisations as the `errors` of a refusal."""
    return [
        {"field": "organisation_id", "code": "stands_for_it", "id": str(body.id), "vi": body.name, "en": body.name}
        for body in bodies
    ]


@contextmanager
def naming_successors(book: LineageBook, organisation_id: UUID) -> Iterator[None]:
    """Name in OrganisationNotValid who stood for the organisation on the last day of the period."""
    try:
        yield
    except OrganisationNotValid as refused:
        last_day = date.fromisoformat(str(refused.facts["last_day"]))
        refused.errors = named(book.lineage.standing_for(organisation_id, last_day))
        raise
