"""The law in memory: only the rules asked for, counted once, and counted anew when a fact changes."""

from datetime import date
from types import SimpleNamespace
from uuid import uuid4

import pytest

from servicekit.errors import Unavailable
from servicekit.law_book import Law

RULE = {
    "key": "FB.STATUS",
    "version": 1,
    "amount": 3,
    "unit": "working_days",
    "direction": "after",
    "anchor": "received",
    "basis": None,
    "confidence": "confirmed",
    "valid_from": "2026-01-01",
    "valid_to": None,
}
MONDAY, THURSDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 6)


class NotHere(Unavailable):
    """A service's own word for it."""


class Facts(SimpleNamespace):
    """What a reference book holds, without its database."""

    def __init__(self):
        super().__init__(revision=0, kinds={})

    def all(self, kind):
        return self.kinds.get(kind, {})

    def tell(self, kind, *facts):
        self.kinds[kind] = {uuid4(): fact for fact in facts}
        self.revision += 1


@pytest.fixture
def facts():
    return Facts()


def test_without_its_rule_nothing_is_counted(facts):
    with pytest.raises(Unavailable) as ordinary:
        Law(facts, ["FB.STATUS"]).due("FB.STATUS", MONDAY)
    assert type(ordinary.value) is Unavailable
    with pytest.raises(NotHere):
        Law(facts, ["FB.STATUS"], unknown=NotHere).rule_on("FB.STATUS", MONDAY)


def test_a_rule_of_another_service_is_not_even_read(facts):
    facts.tell("deadline_rule", RULE, {"key": "OVS.REPLY", "unit": "moons"})
    law = Law(facts, ["FB.STATUS"])
    assert law.due("FB.STATUS", MONDAY).due.on == THURSDAY
    with pytest.raises(Unavailable):
        law.rule_on("OVS.REPLY", MONDAY)


def test_counted_once_until_a_fact_changes(facts):
    facts.tell("deadline_rule", RULE)
    law = Law(facts, ["FB.STATUS"])
    first = law.due("FB.STATUS", MONDAY)
    assert law.due("FB.STATUS", MONDAY) is first
    assert first.due.on == THURSDAY
    assert first.due.provisional
    facts.tell("calendar_day", {"date": "2026-03-04", "kind": "holiday", "name": "Ngày nghỉ thử"})
    facts.tell("calendar_year", {"year": 2026, "confirmed": True})
    again = law.due("FB.STATUS", MONDAY)
    assert again.due.on == FRIDAY
    assert not again.due.provisional
    assert list(law.calendar.days) == [date(2026, 3, 4)]


def test_a_case_keeps_the_version_it_was_opened_with(facts):
    facts.tell("deadline_rule", RULE, RULE | {"version": 2, "amount": 4})
    law = Law(facts, ["FB.STATUS"])
    assert law.due("FB.STATUS", MONDAY).due.on == FRIDAY
    explained = law.explain("FB.STATUS", 1, MONDAY)
    assert explained and explained.due.on == THURSDAY
    assert law.explain("FB.STATUS", 3, MONDAY) is None
    pinned = explained.rule
    facts.tell("deadline_rule", RULE | {"version": 2, "amount": 4})
    assert law.explain("FB.STATUS", 1, MONDAY) is None
    assert law.count(pinned, MONDAY).due.on == THURSDAY
