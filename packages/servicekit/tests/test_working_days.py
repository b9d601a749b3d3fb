"""Counting deadlines: Tết, swaps, working Saturdays, pauses, rolling, and an independent library as oracle."""

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.working_days import (
    Calendar,
    DayKind,
    Direction,
    Due,
    Pause,
    Rule,
    Unit,
    add_calendar_days,
    add_working_days,
    due,
    end_of_day,
    is_working,
    local_date,
    next_working_day,
    read_calendar,
    working_days_between,
)

# Years of which every swap was announced and the library knows them; 2026-01-02/01-10 it does not know.
ORACLE_YEARS = (2023, 2024, 2025)
ORACLE = holidays.country_holidays("VN", years=range(2022, 2027), language="vi")
ORACLE_CALENDAR = Calendar(
    days=dict.fromkeys(ORACLE, DayKind.HOLIDAY) | dict.fromkeys(ORACLE.weekend_workdays, DayKind.WORKING_SATURDAY),
    names=dict(ORACLE),
    confirmed_years=frozenset(ORACLE_YEARS),
)
FACTS = [
    {"date": "2026-01-01", "kind": "holiday", "name": "Tết Dương lịch"},
    {"date": "2026-01-02", "kind": "off_in_lieu", "name": "hoán đổi với 10/01/2026"},
    {"date": "2026-01-10", "kind": "working_saturday", "name": "thay cho 02/01/2026"},
    *({"date": f"2026-02-{day}", "kind": "holiday", "name": "Tết Nguyên đán"} for day in range(16, 21)),
    {"date": "2026-04-26", "kind": "holiday", "name": "Giỗ Tổ Hùng Vương"},
    {"date": "2026-04-27", "kind": "off_in_lieu", "name": "nghỉ bù Giỗ Tổ"},
    {"date": "2026-04-30", "kind": "holiday", "name": "Ngày Chiến thắng"},
    {"date": "2026-05-01", "kind": "holiday", "name": "Quốc tế Lao động"},
    {"date": "2026-08-22", "kind": "working_saturday", "name": "thay cho 31/08/2026"},
    {"date": "2026-08-31", "kind": "off_in_lieu", "name": "hoán đổi với 22/08/2026"},
    {"date": "2026-09-01", "kind": "holiday", "name": "Quốc khánh"},
    {"date": "2026-09-02", "kind": "holiday", "name": "Quốc khánh"},
    {"date": "2026-11-24", "kind": "holiday", "name": "Ngày Văn hóa Việt Nam"},
    {"date": "2027-01-01", "kind": "holiday", "name": "Tết Dương lịch"},
    *({"date": f"2027-02-0{day}", "kind": "holiday", "name": "Tết Nguyên đán"} for day in range(5, 10)),
]
CALENDAR = read_calendar(FACTS, [{"year": 2026, "confirmed": True}, {"year": 2027, "confirmed": False}])
WORKING, DAYS = Unit.WORKING_DAYS, Unit.CALENDAR_DAYS


def day(text: str) -> date:
    return date.fromisoformat(text)


def counted(result: Due) -> list[str]:
    return [note.date.isoformat() for note in result.days if note.counted]


@pytest.mark.parametrize(
    ("on", "works"),
    [
        ("2026-01-01", False),
        ("2026-01-02", False),  # a Friday, swapped
        ("2026-01-03", False),  # an ordinary Saturday
        ("2026-01-10", True),  # the Saturday worked instead
        ("2026-01-11", False),
        ("2026-02-13", True),
        ("2026-02-20", False),
        ("2026-02-23", True),
        ("2026-08-22", True),
        ("2026-08-23", False),
        ("2026-08-31", False),
        ("2026-09-03", True),
    ],
)
def test_is_working(on: str, works: bool) -> None:
    assert is_working(CALENDAR, day(on)) is works


@pytest.mark.parametrize(
    ("amount", "unit", "anchor", "on"),
    [
        (1, WORKING, "2026-01-05", "2026-01-06"),
        (1, WORKING, "2025-12-31", "2026-01-05"),  # over the swapped Friday and a weekend
        (5, WORKING, "2026-01-05", "2026-01-10"),  # ends on the Saturday that is worked
        (6, WORKING, "2026-01-05", "2026-01-12"),
        (10, WORKING, "2026-02-11", "2026-03-04"),  # over Tết: five holidays between two weekends
        (1, WORKING, "2026-02-13", "2026-02-23"),
        (6, WORKING, "2026-08-21", "2026-08-28"),  # 22 August counts
        (7, WORKING, "2026-08-21", "2026-09-03"),  # 31 August, 1 and 2 September do not
        (3, WORKING, "2027-02-03", "2027-02-11"),
        (1, WORKING, "2026-01-03", "2026-01-05"),  # the anchor may be a day off
        (0, WORKING, "2026-01-05", "2026-01-05"),
        (0, WORKING, "2026-01-03", "2026-01-05"),
        (15, DAYS, "2026-02-02", "2026-02-23"),  # the 17th falls into Tết
        (15, DAYS, "2026-03-02", "2026-03-17"),
        (5, DAYS, "2026-01-05", "2026-01-10"),  # a Saturday, but worked
        (12, DAYS, "2026-01-05", "2026-01-19"),  # a Saturday
        (15, DAYS, "2026-08-16", "2026-09-03"),  # 31 August is off in lieu, then the national day
        (30, DAYS, "2026-12-02", "2027-01-04"),
    ],
)
def test_after(amount: int, unit: Unit, anchor: str, on: str) -> None:
    assert due(CALENDAR, Rule(amount, unit), day(anchor)).on == day(on)


@pytest.mark.parametrize(
    ("amount", "unit", "anchor", "on"),
    [
        (15, DAYS, "2026-03-04", "2026-02-17"),  # exactly 15 days before, although in Tết
        (7, DAYS, "2026-01-12", "2026-01-05"),
        (5, WORKING, "2026-01-12", "2026-01-06"),  # the worked Saturday counts
        (5, WORKING, "2026-02-24", "2026-02-10"),
        (0, DAYS, "2026-01-03", "2026-01-03"),
    ],
)
def test_before(amount: int, unit: Unit, anchor: str, on: str) -> None:
    result = due(CALENDAR, Rule(amount, unit, Direction.BEFORE), day(anchor))
    assert result.on == day(on)
    assert len(counted(result)) == amount


def test_explanation_names_every_day() -> None:
    result = due(CALENDAR, Rule(2, WORKING), day("2025-12-31"))
    told = [(note.date.isoformat(), note.counted, note.reason_vi) for note in result.days]
    assert told == [
        ("2025-12-31", False, "ngày bắt đầu, không tính"),
        ("2026-01-01", False, "thứ Năm, nghỉ lễ (Tết Dương lịch)"),
        ("2026-01-02", False, "thứ Sáu, nghỉ bù hoặc hoán đổi (hoán đổi với 10/01/2026)"),
        ("2026-01-03", False, "thứ Bảy, nghỉ cuối tuần"),
        ("2026-01-04", False, "Chủ nhật, nghỉ cuối tuần"),
        ("2026-01-05", True, "thứ Hai, ngày làm việc"),
        ("2026-01-06", True, "thứ Ba, ngày làm việc"),
    ]
    assert result.days[-1].reason_en == "Tuesday, working day"
    worked = due(CALENDAR, Rule(1, WORKING), day("2026-01-09")).days[-1]
    assert worked.reason_vi == "thứ Bảy, làm bù (thay cho 02/01/2026)"


def test_rolling_is_explained() -> None:
    result = due(CALENDAR, Rule(5, DAYS), day("2026-02-10"))
    assert (result.on, len(counted(result))) == (day("2026-02-23"), 5)
    assert "chuyển sang ngày này" in result.days[-1].reason_vi
    assert [note.date for note in result.days] == [day("2026-02-10") + timedelta(n) for n in range(14)]


def test_a_paused_clock_stands_still() -> None:
    rule = Rule(3, WORKING)
    pause = Pause(day("2026-03-03"), day("2026-03-05"))
    assert due(CALENDAR, rule, day("2026-03-02")).on == day("2026-03-05")
    result = due(CALENDAR, rule, day("2026-03-02"), [pause])
    assert result.on == day("2026-03-10")
    assert [note.date.day for note in result.days if note.reason_vi == "tạm dừng tính hạn"] == [3, 4, 5]
    overlapping = [pause, Pause(day("2026-03-04"), day("2026-03-05"))]
    assert due(CALENDAR, rule, day("2026-03-02"), overlapping).on == result.on
    assert due(CALENDAR, Rule(3, DAYS), day("2026-03-02"), [pause]).on == day("2026-03-09")  # 8 March is a Sunday
    assert due(CALENDAR, rule, day("2026-03-02"), [Pause(day("2026-04-01"), day("2026-04-02"))]).on.day == 5


def test_a_last_day_cannot_fall_into_a_pause() -> None:
    pause = Pause(day("2026-03-09"), day("2026-03-10"))
    assert due(CALENDAR, Rule(5, DAYS), day("2026-03-02"), [pause]).on == day("2026-03-11")  # Saturday 7 → 9 → 11


@pytest.mark.parametrize(
    ("rule", "anchor", "provisional"),
    [
        (Rule(5, WORKING), "2026-03-02", False),
        (Rule(5, WORKING), "2026-12-29", True),
        (Rule(5, WORKING), "2027-03-02", True),
        (Rule(30, DAYS), "2026-12-20", True),
        (Rule(5, WORKING), "2025-12-31", False),  # only the first day, which is not counted, lies in 2025
        (Rule(15, DAYS, Direction.BEFORE), "2027-01-10", False),  # no day's kind was asked for
        (Rule(15, WORKING, Direction.BEFORE), "2027-01-10", True),
    ],
)
def test_provisional_when_it_rests_on_an_unannounced_year(rule: Rule, anchor: str, provisional: bool) -> None:
    assert due(CALENDAR, rule, day(anchor)).provisional is provisional


def test_rules_and_calendars_read_from_rows_count_the_same() -> None:
    plain = Rule(5, "working_days", "after")  # type: ignore[arg-type]
    assert due(CALENDAR, plain, day("2026-01-05")) == due(CALENDAR, Rule(5), day("2026-01-05"))
    texts = Calendar(days={day: kind.value for day, kind in CALENDAR.days.items()})  # type: ignore[misc]
    assert all(is_working(texts, d) == is_working(CALENDAR, d) for d in CALENDAR.days)
    with pytest.raises(ValueError, match="weeks"):
        Rule(5, "weeks")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from 0"):
        Rule(-1)


def test_a_clock_that_never_runs_is_an_error_and_not_a_loop() -> None:
    for_ever = [Pause(day("2026-01-01"), day("2400-01-01"))]
    for unit in Unit:
        with pytest.raises(ValueError, match="never ends"):
            due(CALENDAR, Rule(1, unit), day("2026-03-02"), for_ever)


@pytest.mark.parametrize(
    ("instant", "on"),
    [
        (datetime(2026, 1, 1, 16, 59, 59, tzinfo=UTC), "2026-01-01"),
        (datetime(2026, 1, 1, 17, 0, tzinfo=UTC), "2026-01-02"),
        (datetime(1975, 4, 30, 16, 30, tzinfo=UTC), "1975-05-01"),  # the zone was UTC+8 then
    ],
)
def test_local_date(instant: datetime, on: str) -> None:
    assert local_date(instant) == day(on)


def test_a_time_without_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="zone"):
        local_date(datetime(2026, 1, 1))


def test_end_of_day_is_the_first_moment_too_late() -> None:
    end = end_of_day(day("2026-01-05"))
    assert end == datetime(2026, 1, 5, 17, tzinfo=UTC)
    assert local_date(end) == day("2026-01-06")
    assert local_date(end - timedelta(microseconds=1)) == day("2026-01-05")


dates = st.dates(date(2023, 1, 15), date(2025, 10, 1))
amounts = st.integers(1, 60)


@given(dates, amounts)
def test_the_oracle_counts_the_same_forward(start: date, amount: int) -> None:
    expected = ORACLE.get_nth_working_day(start, amount)
    assert add_working_days(ORACLE_CALENDAR, start, amount) == expected
    result = due(ORACLE_CALENDAR, Rule(amount), start)
    assert result.on == expected
    assert not result.provisional
    assert counted(result)[-1] == expected.isoformat()
    assert len(counted(result)) == amount


@given(dates.filter(lambda d: d.year > 2023), amounts)
def test_the_oracle_counts_the_same_backward(start: date, amount: int) -> None:
    expected = ORACLE.get_nth_working_day(start, -amount)
    assert add_working_days(ORACLE_CALENDAR, start, -amount) == expected
    assert due(ORACLE_CALENDAR, Rule(amount, WORKING, Direction.BEFORE), start).on == expected


@given(dates, amounts)
def test_counting_back_undoes_counting_forward(start: date, amount: int) -> None:
    first = next_working_day(ORACLE_CALENDAR, start)
    last = add_working_days(ORACLE_CALENDAR, first, amount)
    assert add_working_days(ORACLE_CALENDAR, last, -amount) == first
    assert working_days_between(ORACLE_CALENDAR, first, last) == amount
    assert working_days_between(ORACLE_CALENDAR, last, first) == -amount


@given(dates, st.integers(0, 60))
def test_calendar_days_end_on_a_working_day_and_roll_no_further_than_needed(start: date, amount: int) -> None:
    last = add_calendar_days(ORACLE_CALENDAR, start, amount)
    target = start + timedelta(amount)
    assert is_working(ORACLE_CALENDAR, last)
    assert not any(is_working(ORACLE_CALENDAR, target + timedelta(n)) for n in range((last - target).days))
    assert due(ORACLE_CALENDAR, Rule(amount, DAYS), start).on == last


@given(dates, amounts, st.integers(0, 20), st.integers(0, 30), st.sampled_from(Unit))
def test_a_pause_never_shortens_a_term(start: date, amount: int, wait: int, length: int, unit: Unit) -> None:
    pause = Pause(start + timedelta(wait), start + timedelta(wait + length))
    paused = due(ORACLE_CALENDAR, Rule(amount, unit), start, [pause])
    assert paused.on >= due(ORACLE_CALENDAR, Rule(amount, unit), start).on
    assert len(counted(paused)) == amount
    assert not any(pause.first <= note.date <= pause.last for note in paused.days[1:] if note.counted)
    assert [note.date for note in paused.days] == [start + timedelta(n) for n in range(len(paused.days))]
