"""What feedback and oversight show the house's services of each thing they own: what their events told, summed up.

For a reader whose copy is lost or older than the streams go back (14 days). Ids, days and codes only, as in the events.
"""

from datetime import date
from typing import Literal
from uuid import UUID

from contracts.envelope import Fact


class SubmissionFacts(Fact):
    """A submission; `due_on` is what the first answer was or is held to, None when that is no longer known."""

    front_organisation_id: UUID
    accepted_on: date | None
    due_on: date | None
    forwarded: bool
    answered_on: date | None
    outcome: Literal["done", "planned", "partly", "refused", "not_in_authority", "information"] | None
    word: Literal["confirmed", "disputed"] | None


class CaseFacts(Fact):
    """An oversight case."""

    presiding_organisation_id: UUID
    planned_on: date | None
    concluded_on: date | None


class AddresseeFacts(Fact):
    """One addressee of a recommendation."""

    organisation_id: UUID
    due_on: date
    replied_on: date | None
    disposition: Literal["accepted", "partly_accepted", "not_accepted"] | None
    verified_on: date | None
    ended_on: date | None
    end_reason: Literal["escalated", "superseded", "organisation_ended"] | None


class RecommendationFacts(Fact):
    """A recommendation with all its addressees."""

    case_id: UUID
    presiding_organisation_id: UUID
    served_on: date
    addressees: list[AddresseeFacts]
