"""Transition table of a submission (phản ánh, kiến nghị), domain.md §9.4.

    submitted → classified → accepted → assigned → answered → confirmed
                    ├→ refused               ↑         └→ disputed ─┐
                    └→ guided_out            └──────────────────────┘

"Linked to oversight" is a flag beside the status: an item can be answered and under oversight at once.
"""

from servicekit.errors import Conflict, DomainError
from servicekit.lifecycle import Facts, Step

INITIAL = "submitted"
SENDER = "sender"
"""The role of who holds the code and the secret."""
HANDLED_HERE = frozenset({"report", "petition", "opinion", "suggestion"})
"""Kinds this channel may accept; complaints, denunciations and the rest have their own legal path (§5.1)."""

_INTAKE = frozenset({"intake_officer", "front_officer"})


class NotForThisChannel(Conflict):
    """The kind has a legal path of its own; the sender must be shown to it."""

    code = "not_for_this_channel"
    vi = "Loại đơn này không giải quyết qua kênh phản ánh. Hãy dùng bước hướng dẫn (guide-out) để chỉ nơi nhận đúng."
    en = "This kind is not handled by this channel. Guide the sender to the competent body instead."


def handled_here(facts: Facts) -> DomainError | None:
    """Refuse to accept a kind with a legal path elsewhere (Law on Citizen Reception Art. 26)."""
    return None if facts["kind"] in HANDLED_HERE else NotForThisChannel()


STEPS = (
    Step("classify", "submitted", "classified", by=_INTAKE, event="feedback.submission.classified.v1"),
    Step(
        "accept",
        "classified",
        "accepted",
        by=_INTAKE,
        event="feedback.submission.accepted.v1",
        guard=handled_here,
        deadline_rule="FB.RESOLVE",
    ),
    Step("refuse", "classified", "refused", by=frozenset({"head"}), event="feedback.submission.refused.v1"),
    Step("guide_out", "classified", "guided_out", by=_INTAKE, event="feedback.submission.guided_out.v1"),
    Step("assign", "accepted", "assigned", by=_INTAKE, event="feedback.submission.assigned.v1"),
    Step(
        "assign",
        "disputed",
        "assigned",
        by=_INTAKE,
        event="feedback.submission.assigned.v1",
        deadline_rule="FB.RESOLVE",
    ),
    Step(
        "answer",
        "assigned",
        "answered",
        by=frozenset({"handler", "head"}),
        event="feedback.submission.answered.v1",
    ),
    Step("confirm", "answered", "confirmed", by=frozenset({SENDER}), event="feedback.submission.confirmed.v1"),
    Step("dispute", "answered", "disputed", by=frozenset({SENDER}), event="feedback.submission.disputed.v1"),
)
