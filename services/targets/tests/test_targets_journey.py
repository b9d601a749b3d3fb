"""The whole way of a period, with 103 units, as the demo walks it."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from targets_house import COMMUNES, House, Person, report_body


async def test_all_units_report_and_the_city_is_judged_by_its_sums(
    house: House,
    period: Callable[..., Any],
    operator: Person,
    verifier: Person,
    approver: Person,
) -> None:
    opened = await period()
    assert opened["expected"] == 103
    assert opened["due_on"] == "2026-01-15"  # ten working days after 31 December, 1 January being a holiday
    # Small units do well and large ones do not: the mean of the rates is far above the rate of the sums.
    figures = [(95, 100) if number % 2 else (7100, 10000) for number in range(103)]
    ids = []
    for organisation, (numerator, denominator) in zip(COMMUNES, figures, strict=True):
        made = await operator.post("/reports", report_body(organisation, numerator, denominator))
        assert made.status_code == 201, made.text
        sent = await operator.post(f"/reports/{made.json()['id']}/submit", etag=made.headers["etag"])
        assert sent.status_code == 200, sent.text
        ids.append((made.json()["id"], sent.headers["etag"]))
    returned = await verifier.post(f"/reports/{ids[0][0]}/return", {"reason": "Thiếu nguồn mẫu số"}, etag=ids[0][1])
    assert returned.status_code == 200
    corrected = await operator.patch(
        f"/reports/{ids[0][0]}", {"numerator": 7200, "reason": "Đếm lại"}, etag=returned.headers["etag"]
    )
    assert corrected.status_code == 200
    assert corrected.json()["status"] == "draft"
    again = await operator.post(f"/reports/{ids[0][0]}/submit", etag=corrected.headers["etag"])
    ids[0] = (ids[0][0], again.headers["etag"])
    for report, etag in ids:
        checked = await verifier.post(f"/reports/{report}/verify", etag=etag)
        assert checked.status_code == 200, checked.text
        approved = await approver.post(f"/reports/{report}/approve", etag=checked.headers["etag"])
        assert approved.status_code == 200, approved.text
    progress = (await operator.get("/indicators/TGT-01/progress", period="2025")).json()
    figures[0] = (7200, 10000)
    numerator, denominator = sum(n for n, _ in figures), sum(d for _, d in figures)
    assert progress["numerator"] == str(numerator)
    assert progress["denominator"] == str(denominator)
    assert progress["coverage"]["counted"] == progress["coverage"]["expected"] == 103
    assert progress["provisional"] is False
    mean = sum(Fraction(100 * n, d) for n, d in figures) / len(figures)
    true = Fraction(100 * numerator, denominator)
    assert mean > 74 > true
    assert abs(Fraction(progress["rate"]) - true) < Fraction(1, 1_000_000)
    assert progress["status"] == "missed"
    assert "trên 74%" in progress["quote"]
