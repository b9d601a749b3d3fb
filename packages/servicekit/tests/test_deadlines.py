"""Deadline rules: the version in force on a day, a pinned version, and counting by the registry's calendar."""

from datetime import date

import pytest

from servicekit.deadlines import CONFIDENCE_TEXTS, count, read_rule, rule_on, rule_version
from servicekit.working_days import read_calendar


def rule(version, amount, valid_from, valid_to):
    return {
        "key": "FB.STATUS",
        "version": version,
        "amount": amount,
        "unit": "working_days",
        "direction": "after",
        "anchor": "received",
        "basis": None,
        "confidence": "confirmed",
        "valid_from": valid_from,
        "valid_to": valid_to,
    }


RULES = [
    read_rule(fact)
    for fact in (
        rule(1, 10, "2025-01-01", "2025-12-31"),
        rule(2, 12, "2026-01-01", "2026-06-30"),
        rule(3, 7, "2026-07-01", None),
        rule(9, 1, "2020-01-01", None) | {"key": "OVS.REPLY"},
    )
]


@pytest.mark.parametrize(
    "on, version", [("2025-12-31", 1), ("2026-01-01", 2), ("2026-06-30", 2), ("2026-07-01", 3), ("2024-12-31", None)]
)
def test_the_rule_in_force_on_a_day(on, version):
    found = rule_on(RULES, "FB.STATUS", date.fromisoformat(on))
    assert (found.version if found else None) == version


def test_of_two_versions_that_hold_the_newest_counts():
    both = [read_rule(rule(5, 3, "2026-01-01", None)), read_rule(rule(4, 9, "2026-01-01", None))]
    found = rule_on(both, "FB.STATUS", date(2026, 1, 1))
    assert found and (found.version, found.rule.amount) == (5, 3)


@pytest.mark.parametrize("key, version, amount", [("FB.STATUS", 1, 10), ("OVS.REPLY", 9, 1), ("FB.STATUS", 9, None)])
def test_exactly_one_version_whenever_it_was_valid(key, version, amount):
    found = rule_version(RULES, key, version)
    assert (found.rule.amount if found else None) == amount


def test_a_copy_without_its_days_holds_always():
    pinned = {name: value for name, value in rule(1, 10, "", "").items() if not name.startswith("valid_")}
    for day in (date(1990, 1, 1), date(2090, 1, 1)):
        assert rule_on([read_rule(pinned | {"title": "not ours"})], "FB.STATUS", day) == read_rule(pinned)


@pytest.mark.parametrize("wrong", [{"unit": "weeks"}, {"direction": "around"}, {"amount": -1}])
def test_a_rule_nobody_can_count_is_refused(wrong):
    with pytest.raises(ValueError, match=r"weeks|around|amount"):
        read_rule(rule(1, 10, "2025-01-01", None) | wrong)


def test_tet_is_not_counted():
    days = [{"date": f"2026-02-{day}", "kind": "holiday", "name": "Tết Nguyên đán"} for day in range(16, 21)] + [
        {"date": "2026-02-14", "kind": "working_saturday", "name": "làm bù"},
        {"date": "2026-02-23", "kind": "ordinary", "name": ""},
    ]
    calendar = read_calendar(days, [{"year": 2026, "confirmed": True}])
    status = read_rule(rule(1, 3, "2025-01-01", None))
    counted = count(calendar, status, date(2026, 2, 12))
    # Fri 13, worked Sat 14, Tết 16-20 and its weekends, Mon 23
    assert counted.due.on == date(2026, 2, 23)
    assert not counted.due.provisional
    assert [note.date.day for note in counted.due.days if note.counted] == [13, 14, 23]


def test_a_default_is_never_stated_as_law():
    vi, en = CONFIDENCE_TEXTS["no_legal_figure"]
    assert vi == "không tìm thấy quy định, mặc định có thể cấu hình"
    assert "no legal figure" in en
