"""A CSV of 100,000 values through the gateway: validated, stored with its history, answered with a summary.

Beside it, on the same PostgreSQL in turns, what nobody could do without: the same rows read from the same CSV, COPY
into a staging table, and INSERT of the value and of one line of history. Ours checks every row, resolves codes as of
the period's last day, asks the validation rules, and stands under row-level security and an Idempotency-Key.
"""

import asyncio
import csv
import io
import json
import os
import statistics
import time
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg

from devstack.access.tokens import Minter
from devstack.databases import with_database
from devstack.probes import wait_until
from devstack.stack import Stack

SECONDS = 20.0
VALUES = 100_000
ROUNDS = 3
_INDICATORS = 25
_PERIODS = 40
_PLENTY = "100000000/60"
_SETTINGS = {
    "LOG_FORMAT": "json",
    "RATE_LIMITS": json.dumps(dict.fromkeys(("address", "signed_in", "imports", "refused"), _PLENTY)),
}
_FRONTS = """
SELECT id, data ->> 'unit_code' AS code, data ->> 'level' AS level FROM reference
 WHERE kind = 'organisation' AND data ->> 'kind' = 'front_committee' AND data ->> 'valid_to' IS NULL"""
# Indicators and periods of the measurement's own, like TGT-01 in everything else; months from 2021 on.
_FILL = f"""
INSERT INTO indicator SELECT (jsonb_populate_record(i, jsonb_build_object(
         'id', gen_random_uuid(), 'code', 'BENCH-' || n, 'period_kind', 'month'))).*
  FROM indicator i, generate_series(1, {_INDICATORS}) n WHERE i.code = 'TGT-01';
INSERT INTO reporting_period (indicator_id, code, kind, first_day, last_day, status, version, told, due_on,
       due_provisional, rule_key, rule_version, opened_at, opened_by)
SELECT i.id, to_char(m, 'YYYYMM'), 'month', m, m + interval '1 month - 1 day', 'open', 1, 1, m + interval '2 months',
       true, 'IND.REPORT_DUE', 1, now(), gen_random_uuid()
  FROM indicator i, generate_series(0, {_PERIODS - 1}) n,
       LATERAL (SELECT CAST(date '2025-07-01' + n * interval '1 month' AS date) AS m) month
 WHERE i.code LIKE 'BENCH-%';
INSERT INTO expected_report SELECT p.id, o.id FROM reporting_period p JOIN indicator i ON i.id = p.indicator_id,
       reference o
 WHERE i.code LIKE 'BENCH-%' AND o.kind = 'organisation' AND o.data ->> 'kind' = 'front_committee'
   AND o.data ->> 'level' = 'commune' AND o.data ->> 'valid_to' IS NULL;
ANALYZE indicator, reporting_period, expected_report;"""
_AGAIN = """
TRUNCATE report_change;
DELETE FROM report WHERE period_id IN (
  SELECT p.id FROM reporting_period p JOIN indicator i ON i.id = p.indicator_id WHERE i.code LIKE 'BENCH-%')"""
_BARE = """
CREATE TABLE value (id uuid PRIMARY KEY DEFAULT uuidv7(), indicator text NOT NULL, period text NOT NULL,
  unit text NOT NULL, numerator numeric NOT NULL, denominator numeric, note text, UNIQUE (indicator, period, unit));
CREATE TABLE value_change (value_id uuid REFERENCES value, version int, new jsonb, PRIMARY KEY (value_id, version));
CREATE UNLOGGED TABLE stage (indicator text, period text, kind text, unit text, numerator numeric,
  denominator numeric, note text)"""
_INSERT = """
WITH made AS (INSERT INTO value (indicator, period, unit, numerator, denominator, note)
  SELECT indicator, period, unit, numerator, denominator, note FROM stage RETURNING *)
INSERT INTO value_change SELECT id, 1, to_jsonb(made) FROM made"""


def run(*, values: int = VALUES, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure and return seconds (median of the rounds) beside the budget and beside the bare way."""
    return asyncio.run(_run(values, rounds))


async def _run(values: int, rounds: int) -> dict[str, Any]:
    async with Stack(extra_env=_SETTINGS, report=lambda _: None) as stack:
        targets = await asyncpg.connect(with_database(stack.admin_dsn, "targets"))
        await targets.execute("CREATE DATABASE bare")
        bare = await asyncpg.connect(with_database(stack.admin_dsn, "bare"))
        try:
            await bare.execute(_BARE)
            city, communes = await _fronts(targets)
            await targets.execute(_FILL)
            body = _file(communes, values)
            token = Minter(stack, ()).token("reporter", city, subject=str(uuid.uuid4()), kind="person")
            ours: list[float] = []
            reference: list[float] = []
            summary: dict[str, Any] = {}
            for _ in range(rounds):
                reference.append(await _bare(bare, body))
                await _forget(targets)
                seconds, summary = await asyncio.to_thread(_import, stack.base_url, token, body)
                ours.append(seconds)
            again, unchanged = await asyncio.to_thread(_import, stack.base_url, token, body)
        finally:
            await bare.close()
            await targets.close()
    seconds, plain = statistics.median(ours), statistics.median(reference)
    holds = seconds <= SECONDS and summary["counts"]["imported"] == values and unchanged["counts"]["ignored"] == values
    return {
        "name": "import",
        "ratio": round(plain / seconds, 4),
        "budget": SECONDS,
        "holds": holds,
        "ours": {"seconds": round(seconds, 2)},
        "reference": {"seconds": round(plain, 2)},
        "summary": f"{values:,} values imported in {seconds:.1f} s (budget {SECONDS:g} s), bare COPY and INSERT "
        f"{plain:.1f} s, ratio {plain / seconds:.2f}; sent again, unchanged: {again:.1f} s",
        "details": {
            "rounds_seconds": [round(one, 2) for one in ours],
            "reference_rounds_seconds": [round(one, 2) for one in reference],
            "unchanged_seconds": round(again, 2),
            "bytes": len(body),
            "places": {"indicators": _INDICATORS, "periods": _PERIODS, "units": len(communes)},
            "cores": os.cpu_count(),
        },
    }


async def _fronts(targets: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, list[str]]:
    """Return the city's Front committee, and the unit codes of the communes' once the service knows them all."""
    found: list[asyncpg.Record] = []

    async def known() -> bool:
        found[:] = await targets.fetch(_FRONTS)
        return len([row for row in found if row["level"] == "commune"]) >= VALUES // (_INDICATORS * _PERIODS)

    await wait_until(known, what="the registry's organisations", patience=60, pause=0.2)
    city = next(row["id"] for row in found if row["level"] == "city")
    return str(city), sorted(row["code"] for row in found if row["level"] == "commune")


def _file(communes: Sequence[str], values: int) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("indicator_code", "period", "organisation_kind", "unit_code", "numerator", "denominator", "note"))
    rows = _rows(communes)
    writer.writerows(next(rows) for _ in range(values))
    return out.getvalue().encode()


def _rows(communes: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for month in range(_PERIODS):
        year, number = divmod(6 + month, 12)
        for indicator in range(1, _INDICATORS + 1):
            for place, code in enumerate(communes):
                numerator = 600 + (month * 7 + indicator * 11 + place * 13) % 300
                period = f"{2025 + year}{number + 1:02d}"
                yield (f"BENCH-{indicator}", period, "front_committee", code, numerator, 1000 + place, "đợt 1")


def _import(base_url: str, token: str, body: bytes) -> tuple[float, dict[str, Any]]:
    request = urllib.request.Request(
        f"{base_url}/api/v1/targets/imports",
        data=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "text/csv",
            "Idempotency-Key": uuid.uuid4().hex,
        },
    )
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=120) as answer:
        summary: dict[str, Any] = json.load(answer)
    return time.monotonic() - began, summary


async def _bare(connection: "asyncpg.Connection[asyncpg.Record]", body: bytes) -> float:
    await connection.execute("TRUNCATE value_change, value, stage")
    began = time.monotonic()
    async with connection.transaction():
        await connection.copy_to_table("stage", source=io.BytesIO(body), format="csv", header=True)
        await connection.execute(_INSERT)
    return time.monotonic() - began


async def _forget(targets: "asyncpg.Connection[asyncpg.Record]") -> None:
    async with targets.transaction():
        await targets.execute("SET LOCAL session_replication_role = replica")  # the history is append-only
        await targets.execute("ALTER TABLE report_change DISABLE TRIGGER append_only")
        await targets.execute(_AGAIN)
        await targets.execute("ALTER TABLE report_change ENABLE TRIGGER append_only")
