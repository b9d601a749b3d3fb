"""The journey needs a working day: on a holiday or at a weekend the administrator first declares one, with a source."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from devstack.demo.people import Cast


def today() -> date:
    """Return the local date in Cần Thơ."""
    return datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()


async def declare_working_day(cast: Cast) -> dict[str, Any]:
    """Change the calendar for today if nobody works; every service hears of it by event."""
    day = today()
    known = (await cast.admin.get("/registry/calendar", **{"from": day.isoformat(), "until": day.isoformat()}))["days"]
    weekend = day.weekday() >= 5
    kind = known[0]["kind"] if known else "ordinary"
    if kind == "working_saturday" or (kind == "ordinary" and not weekend):
        return {"day": day.isoformat(), "changed": False}
    body = {
        "kind": "working_saturday" if weekend else "ordinary",
        "name": "Ngày làm việc của buổi chạy thử",
        "source": "Buổi chạy thử của hệ thống",
        "confirmed": True,
    }
    match = {"If-Match": f'"{known[0]["version"]}"'} if known else {}
    await cast.admin.put(f"/registry/calendar/{day.isoformat()}", body, match)
    return {"day": day.isoformat(), "changed": True, "was": kind}
