"""The reply clock: the pinned rule on the Vietnamese calendar, and what the presiding body may shorten."""

from datetime import date

import pytest

from oversight.domain.errors import ReplyDateNotAllowed
from oversight.domain.reply_clock import pin, read_pinned, reply_term
from servicekit.deadlines import RuleVersion
from servicekit.working_days import Calendar, DayKind, Rule, Unit

RULE = RuleVersion("OVS.REPLY", 1, Rule(15, Unit.CALENDAR_DAYS), "recommendation_received", None, "no_legal_figure")
CALENDAR = Calendar(confirmed_years=frozenset({2026}))
RECEIVED = date(2026, 11, 23)


def test_fifteen_days_after_receipt() -> None:
    term = reply_term(RULE, CALENDAR, RECEIVED, None, None)
    assert (term.due_on, term.provisional) == (date(2026, 12, 8), False)


def test_a_last_day_off_moves_to_the_next_working_day() -> None:
    holiday = Calendar({date(2026, 12, 8): DayKind.HOLIDAY}, {}, frozenset({2026}))
    assert reply_term(RULE, holiday, RECEIVED, None, None).due_on == date(2026, 12, 9)
    assert reply_term(RULE, CALENDAR, date(2026, 11, 20), None, None).due_on == date(2026, 12, 7)  # Saturday → Monday


def test_a_year_without_its_notice_makes_the_day_provisional() -> None:
    assert reply_term(RULE, Calendar(), RECEIVED, None, None).provisional


def test_the_presiding_body_may_set_a_shorter_day_with_a_reason() -> None:
    term = reply_term(RULE, CALENDAR, RECEIVED, date(2026, 11, 30), "Khẩn cấp")
    assert (term.due_on, term.default_due_on, term.reason) == (date(2026, 11, 30), date(2026, 12, 8), "Khẩn cấp")


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (date(2026, 11, 30), None),
        (None, "Khẩn cấp"),
        (date(2026, 12, 9), "dài hơn mặc định"),
        (date(2026, 11, 22), "trước ngày nhận"),
    ],
)
def test_no_reason_a_longer_term_or_a_day_before_receipt_is_refused(chosen: date | None, reason: str | None) -> None:
    with pytest.raises(ReplyDateNotAllowed):
        reply_term(RULE, CALENDAR, RECEIVED, chosen, reason)


@pytest.mark.parametrize("confidence", ["confirmed", "unconfirmed"])
def test_a_term_that_a_law_fixes_cannot_be_shortened(confidence: str) -> None:
    legal = read_pinned(pin(RULE) | {"confidence": confidence})
    with pytest.raises(ReplyDateNotAllowed):
        reply_term(legal, CALENDAR, RECEIVED, date(2026, 11, 30), "Khẩn cấp")


def test_a_pinned_rule_survives_storing_and_ignores_what_it_does_not_know() -> None:
    assert read_pinned(pin(RULE) | {"valid_from": "2025-01-01"}) == RULE
