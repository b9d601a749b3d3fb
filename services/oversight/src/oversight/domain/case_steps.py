"""Transition table of an oversight case (hồ sơ giám sát), the common frame of domain.md §9.1 made thin.

The pinned rule of the reply clock belongs to the case; each addressee then has a clock of its own (addressee_steps).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from oversight.domain.errors import AddresseesOpen, DatesOutOfOrder, PlanIncomplete, RecipientsIncomplete
from oversight.domain.oversight_plan import PLAN_PARTS
from oversight.domain.roles import PRESIDING
from servicekit.errors import DomainError
from servicekit.lifecycle import Facts, Step

INITIAL: Final = "opened"
STATUS_TEXTS: Final[Mapping[str, str]] = {
    "opened": "Đã mở hồ sơ",
    "planned": "Đã có kế hoạch",
    "concluded": "Đã kết luận",
    "recommended": "Đã gửi kiến nghị",
    "closed": "Đã kết thúc",
}
EARLIEST_DOCUMENT: Final = timedelta(days=5 * 365)
"""A document may have been signed before it was entered; older than this is a typing mistake."""
EARLIEST_SERVICE: Final = timedelta(days=60)
"""A recommendation served on paper must be entered within this time."""


def dated_between(day: date, earliest: date, latest: date) -> DomainError | None:
    """Return what is wrong with a document's day, or None."""
    if earliest <= day <= latest:
        return None
    return DatesOutOfOrder(earliest=earliest.isoformat(), latest=latest.isoformat())


def plan_is_whole(facts: Facts) -> DomainError | None:
    """Guard of `plan`: the six parts are there, and the document is dated (facts: parts, document_date, today)."""
    if any(not facts["parts"].get(name) for name in PLAN_PARTS):
        return PlanIncomplete()
    return dated_between(facts["document_date"], facts["today"] - EARLIEST_DOCUMENT, facts["today"])


def conclusion_follows_plan(facts: Facts) -> DomainError | None:
    """Guard of `conclude`: not before the plan, not in the future (facts: document_date, plan_date, today)."""
    return dated_between(facts["document_date"], facts["plan_date"], facts["today"])


def recipients_and_dates(facts: Facts) -> DomainError | None:
    """Guard of `recommend`: both kinds of recipients, and service after the conclusion and not long ago.

    Facts: recipient_roles (all roles served), served_on, conclusion_date, today. The direct superior Front
    organisation is informed by the service itself, so it is no choice here (NQLT 403 Art. 9(3)).
    """
    if not {"object", "competent_body"} <= set(facts["recipient_roles"]):
        return RecipientsIncomplete()
    earliest = max(facts["conclusion_date"], facts["today"] - EARLIEST_SERVICE)
    return dated_between(facts["served_on"], earliest, facts["today"])


def nothing_open(facts: Facts) -> DomainError | None:
    """Guard of `close`: every addressee was verified or ended (facts: open, a count)."""
    return AddresseesOpen(open=facts["open"]) if facts["open"] else None


STEPS: Final = (
    Step("plan", "opened", "planned", PRESIDING, "oversight.case.planned.v1", plan_is_whole),
    Step("conclude", "planned", "concluded", PRESIDING, "oversight.case.concluded.v1", conclusion_follows_plan),
    Step(
        "recommend",
        "concluded",
        "recommended",
        PRESIDING,
        "oversight.recommendation.served.v1",
        recipients_and_dates,
        "OVS.REPLY",
    ),
    Step(
        "recommend",
        "recommended",
        "recommended",
        PRESIDING,
        "oversight.recommendation.served.v1",
        recipients_and_dates,
        "OVS.REPLY",
    ),
    Step("close", "recommended", "closed", PRESIDING, "oversight.case.closed.v1", nothing_open),
)
