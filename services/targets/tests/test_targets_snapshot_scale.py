"""A snapshot of everything costs as many statements as one of little, and no request waits for the arithmetic."""

import os
import re
import time
from collections.abc import Callable
from typing import Any

from snapshot_house import ISSUE, NEW, approve_some
from sqlalchemy import text
from targets_house import House, Person, StatementCount, rows

from servicekit.db import Database

MANY = int(os.environ.get("SCALE", "12"))
# Copies of TGT-01 with a period, expected reports and figures of every commune, as a whole resolution has them.
COPIES = (
    "INSERT INTO indicator SELECT (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(),"
    " 'code', 'CPY-' || n))).* FROM indicator i, generate_series(1, :many) n WHERE i.code = 'TGT-01'",
    "INSERT INTO reporting_period SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(),"
    " 'indicator_id', i.id))).* FROM reporting_period p, indicator i WHERE i.code LIKE 'CPY-%'",
    "INSERT INTO expected_report SELECT p.id, e.organisation_id FROM expected_report e, reporting_period p"
    " JOIN indicator i ON i.id = p.indicator_id WHERE i.code LIKE 'CPY-%'",
    "INSERT INTO roll_up SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(),"
    " 'indicator_id', i.id))).* FROM roll_up r, indicator i WHERE i.code LIKE 'CPY-%'",
    "UPDATE roll_up SET counted = 1, numerator = 40 + abs(hashtext(CAST(id AS text))) % 900,"
    " denominator = 960 + abs(hashtext(CAST(id AS text))) % 400,"
    " breakdown = jsonb_build_object('female', CAST(abs(hashtext(CAST(id AS text))) % 40 AS text))"
    " WHERE cardinality((SELECT path FROM reference WHERE kind = 'organisation' AND id = organisation_id)) = 2",
    "UPDATE roll_up t SET counted = 103, (numerator, denominator, breakdown) = (SELECT sum(s.numerator),"
    " sum(s.denominator), jsonb_build_object('female', CAST(sum(CAST(s.breakdown ->> 'female' AS numeric)) AS text))"
    " FROM roll_up s JOIN reference o ON o.kind = 'organisation' AND o.id = s.organisation_id"
    " AND cardinality(o.path) = 2 WHERE s.indicator_id = t.indicator_id)"
    " WHERE organisation_id IS NULL"
    " OR cardinality((SELECT path FROM reference WHERE kind = 'organisation' AND id = t.organisation_id)) = 1",
)


def of_the_request(counted: StatementCount) -> list[str]:
    """Leave out what the house asks in between."""
    return [one for one in counted.statements if re.search("indicator|roll_up|report|target_version|snapshot", one)]


async def test_many_indicators_cost_no_more_statements_than_one(
    house: House, period: Callable[..., Any], monitor: Person, approver: Person, database: Database
) -> None:
    await period()
    await approve_some(house)
    with StatementCount(house.runtime.database) as few:
        assert (await monitor.post("/snapshots", NEW)).status_code == 201
    async with database.write() as session:
        await session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in COPIES:
            await session.execute(text(statement), {"many": MANY} if ":many" in statement else {})
    began = time.process_time()
    with StatementCount(house.runtime.database) as many:
        made = await monitor.post("/snapshots", NEW)
    took = time.process_time() - began
    assert made.status_code == 201, made.text
    assert of_the_request(many) == of_the_request(few)
    began = time.process_time()
    done = await approver.post(f"/snapshots/{made.json()['id']}/issue", ISSUE, etag=made.headers["etag"])
    assert done.status_code == 200, done.text
    issued = time.process_time() - began
    [found] = await rows(
        database,
        "SELECT count(*) AS n FROM published_snapshot, jsonb_each(content -> 'figures') AS f(key, value)"
        " WHERE jsonb_array_length(value -> 'withheld') > 0",
    )
    assert found["n"] > 0
    print(
        f"{MANY} indicators: made in {took:.2f}, issued in {issued:.2f} CPU s, {found['n']} figures with parts withheld"
    )
