"""A small snapshot with everything in it that can go wrong on paper, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from targets.domain.public_view import public_view
from targets.domain.snapshot import (
    WHOLE,
    Content,
    Dispute,
    Figure,
    IndicatorFacts,
    Part,
    Place,
    Question,
    ResolutionFacts,
    TargetFacts,
    Verdict,
    figure_key,
)
from targets.domain.suppression import SmallCellRule
from targets.rendering.edition import Edition

RULE = SmallCellRule(10, True, "Thông lệ", "Practice", False)
CITY = "00000000-0000-7000-8000-000000000000"
UNITS = [f"00000000-0000-7000-8000-00000000000{number}" for number in range(1, 6)]
# What people could have been called, if the door had let it in.
NAMES = [
    '=HYPERLINK("http://evil","xã")',
    "+cmd|' /C calc'!A0",
    '#eval("1") $x$ *đậm* @ref <script>alert(1)</script>',
    "[bấm](javascript:alert(1)) | ô ![ảnh](http://evil/t.png)",
    "Phường Ninh Kiều – ế ự đ ẵ ỡ ượ",
]
FEMALE = [4, 300, 250, 360, 120]
MALE = [700, 455, 410, 390, 98]
BASE = [1000, 900, 800, 950, 400]


def figure(organisation: str, female: int, male: int, base: int, *, counted: int, code: str = "TGT-01") -> Figure:
    return Figure(
        key=figure_key(code, "2025", organisation),
        indicator=code,
        period="2025",
        organisation=organisation,
        numerator=Decimal(female + male),
        denominator=Decimal(base),
        breakdown={"sex.female": Decimal(female), "sex.male": Decimal(male)},
        methods=("distinct_persons",),
        counted=counted,
        expected=counted + (1 if organisation == WHOLE else 0),
        population_counted=Decimal(3_000),
        population_expected=Decimal(4_000),
        told=1,
        computed_at=datetime(2026, 1, 20, tzinfo=UTC),
        verdict=Verdict("missed", "comparison_fails", False, f"100 × {female + male} > 74 × {base}: sai"),
        reports=(),
        disputes=(Dispute("Người dân phản ánh số liệu.", "People say otherwise."),) if organisation == WHOLE else (),
    )


def content(male: list[int] = MALE) -> Content:
    rows = [figure(unit, f, m, b, counted=1) for unit, f, m, b in zip(UNITS, FEMALE, male, BASE, strict=True)]
    sums = (sum(FEMALE), sum(male), sum(BASE))
    rows += [figure(place, *sums, counted=5) for place in (WHOLE, CITY)]
    indicator = IndicatorFacts(
        code="TGT-01",
        section="target",
        name_vi="Tỷ lệ quần chúng tham gia các tổ chức",
        name_en="Mass participation rate",
        clause="II.2.2",
        quote="đạt trên 74%",
        kind="ratio",
        unit="percent",
        source="reports",
        numerator_vi="người tham gia",
        numerator_en="people taking part",
        denominator_vi="dân số trong độ tuổi",
        denominator_en="people of that age",
        responsible_vi="cấp ủy",
        categories={"sex.female": ("Nữ", "Women"), "sex.male": ("Nam", "Men")},
        small_cells=True,
        questions=(Question("Độ tuổi nào?", "Which age?", "Từ đủ 16.", "From 16."),),
    )
    part = Part(
        indicator="TGT-01",
        period="2025",
        first_day=date(2025, 1, 1),
        last_day=date(2025, 12, 31),
        period_status="closed",
        target=TargetFacts(1, ">", Decimal(74), Decimal(90), "Nghị quyết 08-NQ/TU", date(2021, 8, 5)),
        missing=(UNITS[0],),
    )
    places = {unit: Place(name, "commune", "31135", CITY) for unit, name in zip(UNITS, NAMES, strict=True)}
    return Content(
        format=1,
        resolution=ResolutionFacts("08-NQ/TU", "Tăng cường sự lãnh đạo", date(2021, 8, 5), "Thành ủy"),
        periods=("2025",),
        made_on=date(2026, 1, 20),
        rule=RULE,
        indicators=(indicator,),
        parts=(part,),
        places={CITY: Place("Ủy ban MTTQ thành phố", "city", "92", None), **places},
        figures={one.key: one for one in rows},
    )


def edition(*, public: bool = False, language: str = "vi", of: Content | None = None) -> Edition:
    whole = of or content()
    return Edition(
        snapshot_id="01a21a6f-fe38-702f-8354-04142347974b",
        kind="interim_review",
        title="Sơ kết năm 2025 #1 <b>",
        number="12-BC/BTGDV",
        issued_on=date(2026, 1, 22),
        sha256="ab" * 32,
        public=public,
        language=language,
        figures_url="http://127.0.0.1:8000/api/v1/targets/published/01a21a6f/figures",
        authority=("THÀNH ỦY CẦN THƠ", "BAN TUYÊN GIÁO VÀ DÂN VẬN"),
        motto=("ĐẢNG CỘNG SẢN VIỆT NAM",),
        content=public_view(whole)[0] if public else whole,
    )


def with_period(one: Content, code: str, first: date, last: date, scale: int = 1) -> Content:
    """Return the same content as if it were of another period, its counts multiplied."""
    figures = {}
    for found in one.figures.values():
        key = figure_key(found.indicator, code, found.organisation)
        figures[key] = replace(
            found,
            key=key,
            period=code,
            numerator=None if found.numerator is None else found.numerator * scale,
            denominator=None if found.denominator is None else found.denominator * scale,
            breakdown={name: value * scale for name, value in found.breakdown.items()},
        )
    parts = tuple(replace(part, period=code, first_day=first, last_day=last) for part in one.parts)
    return replace(one, periods=(code,), parts=parts, figures=figures)
