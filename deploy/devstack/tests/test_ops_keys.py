"""`ops keys` on the real services' tables, with the registry serving meanwhile."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pyotp import TOTP

from devstack import folder, paths
from devstack.databases import with_database
from devstack.ops import keys, resealing
from devstack.ops.keyrings import Ring, Rotations, key_bytes
from devstack.ops.progress import Progress
from devstack.ops.resealing import Columns
from devstack.ops.sealed_columns import SEALED
from devstack.ops.service_databases import place_of
from devstack.ports import Ports
from devstack.processes import StackError
from devstack.stack import Stack, all_parts, engine_parts, web_process
from devstack.supervisor import Part
from feedback.sealing import open_json, open_note, seal_json, seal_note
from servicekit.encryption import CannotOpen, Keyring, context, open_, seal
from webhooks.actions.register_endpoint import secret_context

NAMES = ("submission", "line", "silent", "photo", "evidence", "endpoint", "message", "delivery")
EVIDENCE = """
WITH period AS (
  INSERT INTO reporting_period (id, indicator_id, code, kind, first_day, last_day, status, version, told, due_on,
                                due_provisional, rule_key, rule_version, opened_at, opened_by)
  SELECT $1, id, '2025', 'year', '2025-01-01', '2025-12-31', 'open', 1, 1, '2026-01-15', false, 'IND.REPORT_DUE', 1,
         now(), $1 FROM indicator WHERE code = 'TGT-01'
), given AS (
  INSERT INTO report (id, period_id, organisation_id, status, version, told, numerator, breakdown, counting_method,
                      entered_by, created_at, changed_at)
  VALUES ($1, $1, $1, 'draft', 1, 0, 1, '{}', 'as_reported', $1, now(), now())
)
INSERT INTO evidence (id, report_id, kind, public, sha256, media_type, size, storage_key, key_sealed, added_by,
                      added_at)
VALUES ($1, $1, 'file', false, 'h', 'application/pdf', 1, 'k', $2, $1, now())"""
SEALERS = ("registry", "targets", "feedback", "webhooks")


def _place_of_photo(photo_id: UUID) -> str:
    return context("attachment", "key_sealed", photo_id)


def parts(stack: Stack) -> Sequence[Part]:
    migrations = [part for part in all_parts(stack) if part.name in {f"migrate {service}" for service in SEALERS}]
    registry = web_process(stack, "registry", needs=("migrate registry", "streams"))
    return [*engine_parts(stack), *migrations, registry]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    made = folder.temporary_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def ports() -> Ports:
    return Ports.free()


@pytest.fixture(scope="module")
async def stack(place: Path, ports: Ports) -> AsyncIterator[SimpleNamespace]:
    """A house that is kept in `place`; `running.restart()` is Ctrl-C and `up` again."""
    running = SimpleNamespace(stack=await Stack(place, ports, parts=parts).__aenter__())

    async def restart() -> None:
        await running.stack.__aexit__(None, None, None)
        running.stack = await Stack(place, ports, parts=parts).__aenter__()

    running.restart = restart
    yield running
    await running.stack.__aexit__(None, None, None)


def ring_of(stack: Stack, service: str) -> Ring:
    return Ring.read(stack.credentials, service)


def keyring_of(stack: Stack, service: str, *, only_current: bool = False) -> Keyring:
    ring = ring_of(stack, service)
    known = key_bytes(ring)
    return Keyring(ring.current, {ring.current: known[ring.current]} if only_current else known)


async def run(stack: Stack, service: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(with_database(stack.admin_dsn, service))
    found: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
    await connection.close()
    return found


@asynccontextmanager
async def signed_in(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{stack.url('registry')}/api/v1/registry", trust_env=False) as client:
        body = {"grant_type": "password", "username": stack.admin_user, "password": stack.admin_password}
        for later in (0, 30):  # each code is good once, and the next one is taken already
            body["totp"] = TOTP(stack.admin_totp_secret).at(int(time.time()) + later)
            answer = await client.post("/tokens", json=body)
            if answer.status_code == 200:
                break
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


async def fill(stack: Stack) -> dict[str, UUID]:
    """One row of every sealed table, sealed by the services' own code with the keys of today."""
    ids = {name: uuid4() for name in NAMES}
    ours: Any = SimpleNamespace(keyring=keyring_of(stack, "feedback"))
    one = ids["submission"]
    await run(
        stack,
        "feedback",
        "INSERT INTO submission (id, code, secret_hmac, status, version, identity_mode, unit_id, front_organisation_id,"
        " holder_organisation_id, received_at, received_on, content_sealed, receipt_sealed, consent_purpose,"
        " consent_text_version, status_due_on, status_due_provisional, status_rule_version)"
        " VALUES ($1, 'NC-1', '\\x01', 'classified', 2, 'named', $1, $1, $1, now(), '2026-11-23', $2, $3, 'p', '1',"
        " '2026-12-07', false, 1)",
        one,
        seal_json(ours, "submission", "content_sealed", one, {"text": "Đường hỏng"}),
        seal_json(ours, "submission", "receipt_sealed", one, {"code": "NC-1"}),
    )
    contact = seal_json(ours, "identity_vault", "contact_sealed", one, {"name": "Lê Thị Sáu"})
    await run(stack, "feedback", "INSERT INTO identity_vault VALUES ($1, $2)", one, contact)
    for line, note in (("line", "Đã chuyển"), ("silent", None)):
        await run(
            stack,
            "feedback",
            "INSERT INTO submission_line (id, submission_id, version, at, action, status, note_sealed)"
            " VALUES ($1, $2, 1, now(), 'submit', 'submitted', $3)",
            ids[line],
            one,
            seal_note(ours, ids[line], note),
        )
    await run(
        stack,
        "feedback",
        "INSERT INTO attachment VALUES ($1, $2, 'h', 'image/png', 1, 'k', $3, now())",
        ids["photo"],
        one,
        seal(ours.keyring, "file key", _place_of_photo(ids["photo"])),
    )
    kept = seal(keyring_of(stack, "targets"), "file key", context("evidence", "key_sealed", ids["evidence"]))
    await run(stack, "targets", EVIDENCE, ids["evidence"], kept)
    theirs = keyring_of(stack, "webhooks")
    secret = seal(theirs, "whsec_x", secret_context(ids["endpoint"]))
    await run(
        stack,
        "webhooks",
        "INSERT INTO endpoint (id, owner_organisation_id, url, description, filters, status, secret_sealed,"
        " old_secret_sealed, created_at, version, sequence)"
        " VALUES ($1, $1, 'u', 'd', '{}', 'active', $2, $2, now(), 1, 0)",
        ids["endpoint"],
        secret,
    )
    await run(stack, "webhooks", "INSERT INTO message VALUES ($1, 't', $1, 1, '\\x', now())", ids["message"])
    await run(
        stack,
        "webhooks",
        "INSERT INTO delivery (id, endpoint_id, message_id, next_attempt_at, status)"
        " VALUES ($1, $2, $3, now(), 'failed')",
        ids["delivery"],
        ids["endpoint"],
        ids["message"],
    )
    for answer in ("503 xin lỗi", "200 được", None):
        sealed = seal(theirs, answer, f"attempt.response/{ids['delivery']}") if answer else None
        await run(
            stack,
            "webhooks",
            "INSERT INTO attempt (delivery_id, at, milliseconds, response_sealed) VALUES ($1, now(), 1, $2)",
            ids["delivery"],
            sealed,
        )
    return ids


async def all_opens(stack: Stack, ids: dict[str, UUID]) -> None:
    """The services' own code reads every value with nothing but the current key."""
    ours: Any = SimpleNamespace(keyring=keyring_of(stack, "feedback", only_current=True))
    one = ids["submission"]
    (row,) = await run(stack, "feedback", "SELECT * FROM submission JOIN identity_vault ON submission_id = id")
    assert open_json(ours, "submission", "content_sealed", one, row["content_sealed"]) == {"text": "Đường hỏng"}
    assert open_json(ours, "submission", "receipt_sealed", one, row["receipt_sealed"]) == {"code": "NC-1"}
    assert open_json(ours, "identity_vault", "contact_sealed", one, row["contact_sealed"]) == {"name": "Lê Thị Sáu"}
    notes = {row["id"]: row["note_sealed"] for row in await run(stack, "feedback", "SELECT * FROM submission_line")}
    assert open_note(ours, ids["line"], notes[ids["line"]]) == "Đã chuyển"
    assert notes[ids["silent"]] is None
    (row,) = await run(stack, "feedback", "SELECT * FROM attachment")
    assert open_(ours.keyring, row["key_sealed"], _place_of_photo(ids["photo"])) == "file key"
    (row,) = await run(stack, "targets", "SELECT id, key_sealed FROM evidence")
    mine = keyring_of(stack, "targets", only_current=True)
    assert open_(mine, row["key_sealed"], context("evidence", "key_sealed", row["id"])) == "file key"
    theirs = keyring_of(stack, "webhooks", only_current=True)
    (row,) = await run(stack, "webhooks", "SELECT * FROM endpoint")
    for column in ("secret_sealed", "old_secret_sealed"):
        assert open_(theirs, row[column], secret_context(ids["endpoint"])) == "whsec_x"
    answers = await run(stack, "webhooks", "SELECT response_sealed FROM attempt ORDER BY id")
    place = f"attempt.response/{ids['delivery']}"
    assert [open_(theirs, row[0], place) if row[0] else None for row in answers] == ["503 xin lỗi", "200 được", None]


async def test_every_key_is_changed_while_the_registry_serves(
    stack: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house: Stack = stack.stack
    where = house.data, house.ports
    ids = await fill(house)
    old = {service: ring_of(house, service).current for service in SEALERS}
    assert await keys.rotate(*where, SEALERS) == keys.RESTART
    rings = {service: (house.credentials.folder / f"{service}_keyring").read_text() for service in SEALERS}
    assert await keys.rotate(*where, SEALERS) == keys.RESTART, "the running registry has the old ring"
    assert rings == {service: (house.credentials.folder / f"{service}_keyring").read_text() for service in SEALERS}
    assert "Restart the stack" in capsys.readouterr().out
    async with signed_in(house) as client:
        assert (await client.get("/me")).json()["name"]
    with pytest.raises(StackError, match="finish the rotation first"):
        await keys.remove(*where, "feedback", old["feedback"])

    await stack.restart()
    house = stack.stack
    resealed = 0

    async def interrupted(*arguments: Any, **named: Any) -> Any:
        nonlocal resealed
        resealed += 1
        if resealed == 4:
            raise KeyboardInterrupt
        return await original(*arguments, **named)

    original = resealing.rotate
    monkeypatch.setattr(resealing, "rotate", interrupted)
    monkeypatch.setattr(resealing, "BATCH", 1)
    with pytest.raises(KeyboardInterrupt):
        await keys.rotate(*where, SEALERS)
    monkeypatch.setattr(resealing, "rotate", original)
    statuses: list[int] = []

    async def ask(client: httpx.AsyncClient) -> None:
        while True:
            statuses.append((await client.get("/me")).status_code)
            await asyncio.sleep(0.01)

    async with signed_in(house) as client:
        asking = asyncio.create_task(ask(client))
        assert await keys.rotate(*where, SEALERS) == 0
        assert (await client.get("/me")).json()["name"]
        asking.cancel()
    assert set(statuses) == {200}
    assert len(statuses) > 3
    await all_opens(house, ids)
    for service in SEALERS:
        ring = ring_of(house, service)
        assert ring.old == [old[service]]
        async with Columns(service, place_of(*where, service)) as columns:
            assert set(await columns.used_keys()) == {ring.current}
        assert Rotations(house.data).of[service].finished is not None
    assert "backups taken before" in capsys.readouterr().out
    assert await keys.rotate(*where, SEALERS) == 0
    assert "--again makes yet another" in capsys.readouterr().out

    kept = house.credentials.folder / f"feedback_keyring.until-{ring_of(house, 'feedback').current}"
    assert kept.stat().st_mode & 0o777 == 0o600
    await keys.remove(*where, "feedback", old["feedback"])
    assert not kept.exists()
    assert list(ring_of(house, "feedback").keys) == [ring_of(house, "feedback").current]
    with pytest.raises(StackError, match="is the current key"):
        await keys.remove(*where, "feedback", ring_of(house, "feedback").current)


async def test_the_register_is_that_of_the_databases(stack: SimpleNamespace) -> None:
    house: Stack = stack.stack
    found = set()
    for service in SEALERS:
        statement = (
            "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'bytea'"
            " AND table_schema = 'public' AND column_name LIKE '%sealed%'"
        )
        found |= {(service, *row) for row in await run(house, service, statement)}
    assert found == {(table.service, table.name, column) for table in SEALED for column in table.places}
    for service in set(paths.SERVICES) - set(SEALERS):  # these seal nothing
        source = "".join(file.read_text() for file in (paths.REPOSITORY / "services" / service / "src").rglob("*.py"))
        assert "_sealed" not in source
    await run(house, "webhooks", "ALTER TABLE endpoint ADD COLUMN token_sealed bytea")
    with pytest.raises(StackError, match=r"webhooks: the sealed columns endpoint\.token_sealed are not in"):
        await keys.rotate(house.data, house.ports, ["webhooks"], again=True)
    await run(house, "webhooks", "ALTER TABLE endpoint DROP COLUMN token_sealed")


async def test_a_value_that_does_not_open_stops_the_rotation_and_is_named(stack: SimpleNamespace) -> None:
    house: Stack = stack.stack
    (row,) = await run(house, "feedback", "SELECT id, key_sealed FROM attachment")
    old = Keyring("k0", {"k0": bytes(32)})
    await run(house, "feedback", "UPDATE attachment SET key_sealed = $1", seal(old, "x", _place_of_photo(row["id"])))
    with pytest.raises(StackError, match="1 values are sealed with k0, which feedback_keyring does not hold"):
        await keys.rotate(house.data, house.ports, ["feedback"], again=True)
    ring = ring_of(house, "feedback")
    moved = seal(Keyring("k0", {"k0": key_bytes(ring)[ring.current]}), "x", "another place")
    await run(house, "feedback", "UPDATE attachment SET key_sealed = $1", moved)
    both = Keyring(ring.current, key_bytes(ring) | {"k0": key_bytes(ring)[ring.current]})
    async with Columns("feedback", place_of(house.data, house.ports, "feedback")) as columns:
        (table,) = [table for table in columns.tables if table.name == "attachment"]
        with pytest.raises(StackError, match="first row of attachment after the beginning holds a value that no key"):
            await columns.reseal(table, both, Progress("x"))
    with pytest.raises(CannotOpen):
        open_(both, moved, _place_of_photo(row["id"]))


async def test_where_containers_run_no_key_is_changed(stack: SimpleNamespace, tmp_path: Path) -> None:
    house: Stack = stack.stack
    shutil.copytree(house.credentials.folder, tmp_path / "secrets")
    before = (tmp_path / "secrets" / "feedback_keyring").read_text()
    with pytest.raises(StackError, match="cannot be seen from here"):
        await keys.rotate(tmp_path, house.ports, ["feedback"], again=True)
    assert (tmp_path / "secrets" / "feedback_keyring").read_text() == before
