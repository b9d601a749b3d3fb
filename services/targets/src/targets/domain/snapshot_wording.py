"""What the codes of snapshots say to people, Vietnamese first."""

from types import MappingProxyType
from typing import Final

from targets.domain.figures import plain
from targets.domain.measures import Measure
from targets.domain.snapshot import IndicatorFacts, TargetFacts
from targets.domain.wording import COMPARATORS, Texts

KINDS: Final[Texts] = MappingProxyType(
    {"interim_review": ("Sơ kết", "Interim review"), "final_review": ("Tổng kết", "Final review")}
)
STATUSES: Final[Texts] = MappingProxyType(
    {"draft": ("Dự thảo", "Draft"), "issued": ("Đã ban hành", "Issued")},
)


def formula(indicator: IndicatorFacts, target: TargetFacts | None, measure: Measure | None = None) -> tuple[str, str]:
    """Say in words how the figure is made and held against the target."""
    if indicator.denominator_vi and indicator.denominator_en:
        vi = f"100 × Σ ({indicator.numerator_vi}) ÷ Σ ({indicator.denominator_vi})"
        en = f"100 × Σ ({indicator.numerator_en}) ÷ Σ ({indicator.denominator_en})"
    elif indicator.kind in ("yes_no", "milestone"):
        vi = f"100 × Σ ({indicator.numerator_vi}) ÷ số đơn vị"
        en = f"100 × Σ ({indicator.numerator_en}) ÷ number of units"
    elif measure is Measure.MEDIAN:
        vi, en = f"Trung vị ({indicator.numerator_vi})", f"Median ({indicator.numerator_en})"
    elif indicator.kind == "rating":
        vi = f"Σ ({indicator.numerator_vi}) ÷ số đơn vị"
        en = f"Σ ({indicator.numerator_en}) ÷ number of units"
    else:
        vi, en = f"Σ ({indicator.numerator_vi})", f"Σ ({indicator.numerator_en})"
    if target is None or target.value is None:
        return vi, en
    asked = f"{target.comparator} {plain(target.value)}"
    return f"{vi} {asked}", f"{en} {asked}"


def target_words(target: TargetFacts | None, unit: str) -> tuple[str, str]:
    """Say what the target asks: "trên 74 %"; a dash where the text names no figure."""
    if target is None or target.value is None:
        return "–", "–"
    figure = plain(target.value) + (" %" if unit == "percent" else "")
    vi, en = COMPARATORS[target.comparator]
    return (vi.replace("…", figure) if "…" in vi else f"{vi} {figure}"), f"{en} {figure}"
