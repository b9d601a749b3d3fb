"""Which figures contain a disputed value."""

import uuid

from targets_house import CITY, COMMUNES

from targets.domain.disputes import DisputedValue, OpenDisputes
from targets.domain.periods import parse_period

HERE, THERE = COMMUNES[0], COMMUNES[1]


def test_which_figures_contain_a_disputed_value() -> None:
    """The unit's own, everyone's above it, the whole's; longer periods; a restated one made of it; nobody else's."""
    indicator, march = uuid.uuid4(), parse_period("202503")
    value = DisputedValue(indicator, march.code, march.first_day, march.last_day, HERE, 2, (CITY, HERE))
    found = OpenDisputes.of([value])
    for code, place, number in (
        ("202503", HERE, 1),
        ("2025Q1", CITY, 1),
        ("2025", None, 1),
        ("202504", HERE, 0),
        ("2025S2", None, 0),
        ("2025", THERE, 0),
    ):
        span = parse_period(code)
        assert found.within(indicator, span.first_day, span.last_day, place) == number, (code, place)
        assert found.within(uuid.uuid4(), span.first_day, span.last_day, place) == 0
    assert found.within_any(indicator, march.first_day, march.last_day, {HERE, CITY, THERE}) == 1
    assert found.within_any(indicator, march.first_day, march.last_day, {THERE}) == 0
