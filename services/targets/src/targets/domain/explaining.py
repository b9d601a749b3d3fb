"""How a status came about, in words and figures that an officer can follow with a pocket calculator."""

from decimal import Decimal
from fractions import Fraction

from targets.domain.figures import plain
from targets.domain.judging import (
    BY_COMPARISON,
    BY_PACE,
    BY_PROJECTION,
    Coverage,
    Judgement,
    Population,
    Target,
)
from targets.domain.measures import COMPARATORS, Measure
from targets.domain.pace import CONFIDENCE, POINTS_NEEDED, Pace, Projection, shown

Both = tuple[str, str]

MEASURES: dict[Measure, Both] = {
    Measure.SHARE: ("100 × tử số ÷ mẫu số", "100 × numerator ÷ denominator"),
    Measure.NUMBER: ("tổng số", "the total"),
    Measure.MEDIAN: (
        "mức xếp loại ở giữa (trung vị; số đơn vị chẵn thì lấy mức thấp hơn)",
        "the middle grade (median; of an even number the lower one)",
    ),
    Measure.MEAN: ("tổng các mức ÷ số đơn vị", "sum of grades ÷ number of units"),
}


def explain(judgement: Judgement, target: Target | None, measure: Measure) -> list[Both]:
    """Return the steps that led to the status, in order, each in both languages."""
    if target is None or target.value is None:
        return []
    vi, en = MEASURES[measure]
    wanted = f"{target.comparator} {plain(target.value)}"
    steps = [(f"Số được so: {vi}; yêu cầu {wanted}.", f"Judged is {en}; wanted {wanted}.")]
    if judgement.comparison is not None:
        steps.append((f"So sánh: {judgement.comparison}.", f"Comparison: {_english(judgement.comparison)}."))
    if judgement.pace is not None:
        steps.append(required(judgement.pace))
        steps.append(kept(judgement.pace, target))
    if judgement.projection is not None:
        steps.append(projected(judgement.projection, target))
    if judgement.decided_by is not None:
        steps.append(_DECIDED[judgement.decided_by])
    return steps


def required(pace: Pace) -> Both:
    """Say what pace is needed from here on, with its inputs."""
    days = f"({shown_plain(pace.target)} − {shown_plain(pace.last.value)}) ÷ {pace.days_left}"
    if pace.required_per_day is None:
        return ("Không còn ngày nào đến thời hạn.", "No day is left until the target's date.")
    result = shown_plain(pace.required_per_day)
    vi = f"Nhịp cần có đến {pace.due_on}: {days} = {result} mỗi ngày"
    en = f"Required until {pace.due_on}: {days} = {result} a day"
    if pace.required_per_period is not None:
        each = shown_plain(pace.required_per_period)
        rest = f"{shown_plain(pace.remaining)} ÷ {pace.periods_left} = {each}"
        vi, en = f"{vi}; chia cho các kỳ còn lại: {rest} mỗi kỳ", f"{en}; over the periods left: {rest} each"
    return f"{vi}.", f"{en}."


def kept(pace: Pace, target: Target) -> Both:
    """Say where the pace so far leads."""
    if pace.so_far_per_day is None or pace.value_at_due is None or target.value is None:
        return ("Mới có một giá trị nên chưa có nhịp độ.", "There is only one value, so no pace yet.")
    passed = (pace.last.on - pace.first.on).days
    so_far = (
        f"({shown_plain(pace.last.value)} − {shown_plain(pace.first.value)}) ÷ {passed}"
        f" = {shown_plain(pace.so_far_per_day)}"
    )
    holds = COMPARATORS[target.comparator](pace.value_at_due, target.value)
    end = (
        f"{shown_plain(pace.last.value)} + {pace.days_left} × {shown_plain(pace.so_far_per_day)} = "
        f"{shown_plain(pace.value_at_due)} {target.comparator} {plain(target.value)}"
    )
    vi = f"Nhịp đến nay ({pace.first.on} – {pace.last.on}): {so_far} mỗi ngày; giữ nhịp này thì đến hạn: {end}: "
    en = f"Pace so far ({pace.first.on} – {pace.last.on}): {so_far} a day; kept until the date: {end}: "
    return f"{vi}{_verdict(holds)[0]}.", f"{en}{_verdict(holds)[1]}."


def projected(line: Projection, target: Target) -> Both:
    """Say where the trend leads, and how sure that is."""
    assert target.value is not None
    holds = COMPARATORS[target.comparator](line.value, target.value)
    value = f"{shown_plain(line.value)} {target.comparator} {plain(target.value)}"
    between = f"{plain(line.low)} – {plain(line.high)}"
    sure_vi, sure_en = (
        ("chắc chắn theo khoảng này", "sure by this interval")
        if is_sure(line, target)
        else ("chưa chắc: khoảng này chứa cả đạt và không đạt", "not sure: the interval holds both outcomes")
    )
    vi = (
        f"Đường bình phương tối thiểu qua {line.points} giá trị, tại {line.on}: {value}: {_verdict(holds)[0]}; "
        f"khoảng dự báo {CONFIDENCE} %: {between} (t = {line.t}); {sure_vi}."
    )
    en = (
        f"Least-squares line through {line.points} values, at {line.on}: {value}: {_verdict(holds)[1]}; "
        f"{CONFIDENCE} % prediction interval: {between} (t = {line.t}); {sure_en}."
    )
    return vi, en


def is_sure(line: Projection, target: Target) -> bool:
    """Say whether both ends of the interval give the same answer."""
    assert target.value is not None
    reached = COMPARATORS[target.comparator]
    return bool(reached(line.low, target.value)) is bool(reached(line.high, target.value))


def why_no_projection(points: int) -> Both:
    """Say why there is no trend."""
    return (
        f"Chưa dự báo: mới có {points} giá trị, cần ít nhất {POINTS_NEEDED}.",
        f"No projection: {points} values, at least {POINTS_NEEDED} are needed.",
    )


def coverage_words(coverage: Coverage, population: Population | None) -> Both:
    """Say how many units, and of how many people, stand behind the figures."""
    vi = f"{coverage.counted} trong {coverage.expected} đơn vị"
    en = f"{coverage.counted} of {coverage.expected} units"
    if population is None or population.counted is None or population.expected is None:
        return f"{vi}; chưa biết dân số của mọi đơn vị.", f"{en}; the population of some units is not known."
    people = f"{plain(population.counted)}/{plain(population.expected)}"
    return f"{vi}; dân số {people} người.", f"{en}; population {people}."


def percent(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """Return a share in percent, rounded to six decimals; None of nothing."""
    return shown(100 * Fraction(part) / Fraction(whole)) if whole else None


def shown_plain(value: Fraction) -> str:
    """Write an exact number with at most six decimals."""
    return plain(shown(value))


def _verdict(holds: bool) -> Both:
    return ("đúng", "true") if holds else ("sai", "false")


def _english(comparison: str) -> str:
    for vi, en in (("trung vị", "median"), (": đúng", ": true"), (": sai", ": false")):
        comparison = comparison.replace(vi, en)
    return comparison


_DECIDED: dict[str, Both] = {
    BY_COMPARISON: ("Kết luận theo phép so sánh.", "Decided by the comparison."),
    BY_PACE: ("Kết luận theo nhịp độ đến nay.", "Decided by the pace so far."),
    BY_PROJECTION: ("Kết luận theo đường xu hướng.", "Decided by the trend."),
}
