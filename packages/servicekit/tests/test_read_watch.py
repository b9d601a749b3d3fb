"""200 looks at identities in ten minutes by one person make one alert (T22)."""

import uuid
from datetime import UTC, datetime, timedelta

from servicekit import audit
from servicekit.identity import Actor
from servicekit.read_watch import ALERT, MANY, look

ACTIONS = ("thing.revealed", "things.listed")


async def read(database, actor, times, *, action="thing.revealed", count=None):
    for _ in range(times):
        async with database.write() as session:
            await audit.write(
                session,
                action=action,
                subject_type="thing",
                subject_id=uuid.uuid4(),
                actor=actor,
                now=datetime.now(UTC),
                details={"count": count} if count else {},
            )


async def alerts(database):
    rows = await database.fetch(
        "SELECT subject_id, details->>'count' AS count FROM audit_entry WHERE action = $1 ORDER BY at", ALERT
    )
    return [(row["subject_id"], int(row["count"])) for row in rows]


async def test_two_hundred_reads_in_ten_minutes_make_one_alert(publisher):
    curious, ordinary, paging = (Actor("person", uuid.uuid4(), uuid.uuid4(), ()) for _ in range(3))
    await read(publisher, curious, MANY - 1)
    await read(publisher, ordinary, 20)
    await read(publisher, ordinary, MANY, action="thing.changed")
    now = datetime.now(UTC)
    assert await look(publisher, ACTIONS, now) == 0
    await read(publisher, curious, 1)
    await read(publisher, paging, 3, action="things.listed", count=100)
    assert await look(publisher, ACTIONS, datetime.now(UTC)) == 2
    assert sorted(await alerts(publisher)) == sorted([(curious.id, MANY), (paging.id, 300)])
    assert await look(publisher, ACTIONS, datetime.now(UTC)) == 0, "told once"
    assert await look(publisher, ACTIONS, now + timedelta(minutes=11)) == 0, "old reads do not count"
