"""What the tests of snapshots share: approved reports of some communes, a snapshot made, a snapshot issued."""

from typing import Any
from uuid import UUID

from targets_house import BOARD, COMMUNES, House, Person, report_body

ISSUE = {"number": "12-BC/BTGDV", "issued_on": "2026-11-20"}
NEW = {"kind": "interim_review", "title": "Sơ kết năm 2025", "resolution": "08-NQ/TU", "periods": ["2025"]}
# One small number of women, whom nobody may find: 4 of the first commune.
FEMALE, MALE = "female", "male"
FIGURES = [(4, 700, 1000), (300, 455, 900), (250, 410, 800), (360, 390, 950), (120, 98, 400), (77, 66, 300)]


async def approve(house: House, organisation: UUID, *, numerator: int, denominator: int, **more: Any) -> str:
    """Bring one report through all hands; return its id."""
    operator, verifier = house.person(("reporter", organisation)), house.person(("verifier", organisation))
    made = await operator.post("/reports", report_body(organisation, numerator, denominator, **more))
    assert made.status_code == 201, made.text
    path = f"/reports/{made.json()['id']}"
    sent = await operator.post(f"{path}/submit", etag=made.headers["etag"])
    checked = await verifier.post(f"{path}/verify", etag=sent.headers["etag"])
    approved = await house.person(("approver", BOARD)).post(f"{path}/approve", etag=checked.headers["etag"])
    assert approved.status_code == 200, approved.text
    report_id: str = made.json()["id"]
    return report_id


async def approve_some(house: House) -> list[str]:
    """Approve the reports of the first communes."""
    return [
        await approve(house, organisation, numerator=few + many, denominator=whole)
        for organisation, (few, many, whole) in zip(COMMUNES, FIGURES, strict=False)
    ]


async def make(monitor: Person, **more: Any) -> tuple[str, str]:
    """Make a snapshot; return its id and ETag."""
    made = await monitor.post("/snapshots", NEW | more)
    assert made.status_code == 201, made.text
    return made.json()["id"], made.headers["etag"]


async def issue(approver: Person, snapshot: tuple[str, str], **more: Any) -> None:
    """Issue a snapshot."""
    done = await approver.post(f"/snapshots/{snapshot[0]}/issue", ISSUE | more, etag=snapshot[1])
    assert done.status_code == 200, done.text
