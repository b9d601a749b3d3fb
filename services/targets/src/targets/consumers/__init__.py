"""Events this service listens to: feedback's and oversight's for its figures, the registry's for its read copies.

The inbox applies the events of one subject in their order, once; a late one waits for its predecessor.
"""

from servicekit import reference
from servicekit.inbox import Consumer
from servicekit.recount import MARKS
from targets.consumers import feedback, oversight

__all__ = ["FEEDBACK", "OVERSIGHT", "REFERENCES", "REGISTRY"]

REFERENCES = ("organisation", "organisation_succession", "calendar_day", "calendar_year", "deadline_rule")
"""Kinds of registry facts copied here."""
FEEDBACK = Consumer(name="targets-feedback", stream="FEEDBACK", handlers=feedback.HANDLERS)
OVERSIGHT = Consumer(name="targets-oversight", stream="OVERSIGHT", handlers=oversight.HANDLERS)
REGISTRY = Consumer(
    name=reference.reference_consumer("targets"),
    stream="REGISTRY",
    handlers=reference.handlers(REFERENCES, then=MARKS),
)
