"""`ops keys rotate-signing`, while two processes verify and a client never stops calling."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyotp import TOTP
from typer.testing import CliRunner

from devstack.__main__ import app
from devstack.credentials import SIGNING_KEYS, new_signing_key
from devstack.ops import signing_keys
from devstack.ops.signing_keys import LEAD, TOKENS_LIVE, Ring, after_leak, next_step, write_ring
from devstack.processes import StackError
from devstack.stack import Stack, all_parts, engine_parts, web_process
from devstack.supervisor import Part
from registry.signing import read_signing_keys
from servicekit.token_times import LEEWAY_SECONDS, TOKENS_LIVE_SECONDS

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


def test_three_runs_change_the_key() -> None:
    ring = Ring.read(new_signing_key())
    first = next_step(ring, NOW)
    assert first.ring is not None
    assert [key.signs_from for key in first.ring.keys][1] == NOW + LEAD
    assert first.ring.keys[0].pem == ring.keys[0].pem
    again = Ring.read(first.ring.text)
    assert again == first.ring
    assert [key.signs_from for key in read_signing_keys(first.ring.text)] == [key.signs_from for key in again.keys]
    for moment in (NOW + LEAD - timedelta(seconds=1), NOW + LEAD, NOW + LEAD + TOKENS_LIVE - timedelta(seconds=1)):
        assert next_step(again, moment).ring is None
    last = next_step(again, NOW + LEAD + TOKENS_LIVE).ring
    assert last is not None
    assert last.keys == [first.ring.keys[1]]
    assert next_step(last, NOW + timedelta(days=1)).ring is not None


def test_the_old_key_stays_as_long_as_the_registry_publishes_it() -> None:
    assert timedelta(seconds=TOKENS_LIVE_SECONDS + LEEWAY_SECONDS) <= TOKENS_LIVE


def test_a_leaked_key_is_forgotten_at_once() -> None:
    ring = after_leak(NOW).ring
    assert ring is not None
    assert [key.signs_from for key in ring.keys] == [NOW]


def test_a_file_in_a_container_keeps_its_place(tmp_path: Path) -> None:
    file = tmp_path / "registry_signing_key"
    file.write_text(new_signing_key())
    inode = file.stat().st_ino
    answer = CliRunner().invoke(app, ["ops", "keys", "rotate-signing", "--file", str(file)])
    assert answer.exit_code == 0, answer.output
    assert file.stat().st_ino == inode
    assert len(Ring.read(file.read_text()).keys) == 2
    assert "PRIVATE" not in answer.output


def test_what_is_no_key_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(StackError):
        Ring.read("{}")
    with pytest.raises(StackError, match="there is no"):
        signing_keys.rotate_signing(data=tmp_path)


def parts(stack: Stack) -> Sequence[Part]:
    wanted = {"migrate registry", "migrate webhooks"}
    migrations = [part for part in all_parts(stack) if part.name in wanted]
    return [
        *engine_parts(stack),
        *migrations,
        web_process(stack, "registry", needs=("migrate registry", "streams")),
        web_process(stack, "webhooks", needs=("migrate webhooks", "streams", "registry")),
    ]


async def test_nobody_meets_a_401_while_the_key_changes(tmp_path: Path) -> None:
    """Tokens of both keys, verified by the registry and by another service, before, during and after the change."""
    async with Stack(parts=parts) as stack, httpx.AsyncClient(timeout=10) as http:
        registry = f"http://127.0.0.1:{stack.ports.of('registry')}/api/v1/registry"
        webhooks = f"http://127.0.0.1:{stack.ports.of('webhooks')}/api/v1/webhooks"
        place = stack.data / "secrets" / SIGNING_KEYS

        async def tokens_for(**grant: str) -> dict[str, Any]:
            answer = await http.post(f"{registry}/tokens", json=grant)
            assert answer.status_code == 200, answer.text
            given: dict[str, Any] = answer.json()
            return given

        code = TOTP(stack.admin_totp_secret).now()
        latest = await tokens_for(
            grant_type="password", username=stack.admin_user, password=stack.admin_password, totp=code
        )

        async def kids() -> list[str]:
            return [key["kid"] for key in (await http.get(f"{registry}/jwks.json")).json()["keys"]]

        tokens: list[str] = [latest["access_token"]]
        answers: dict[tuple[str, int], int] = {}
        stop = asyncio.Event()

        async def call_on() -> None:
            while not stop.is_set():
                for token in (tokens[0], tokens[-1]):
                    for address in (f"{registry}/me", f"{webhooks}/endpoints"):
                        answer = await http.get(address, headers={"Authorization": f"Bearer {token}"})
                        seen = (address.rpartition("/")[2], answer.status_code)
                        answers[seen] = answers.get(seen, 0) + 1
                await asyncio.sleep(0.05)

        calling = asyncio.create_task(call_on())
        before = await kids()
        lead = timedelta(seconds=7)
        step = next_step(Ring.read(place.read_text()), datetime.now(UTC), lead=lead)
        assert step.ring is not None
        write_ring(place, step.ring, in_place=False)
        began = time.monotonic()
        assert (await kids())[0] == before[0]
        assert len(await kids()) == 2
        used: list[Any] = []
        while time.monotonic() - began < lead.total_seconds() + 6:
            latest = await tokens_for(grant_type="refresh_token", refresh_token=latest["refresh_token"])
            tokens.append(latest["access_token"])
            used.append((await kids())[0])
            await asyncio.sleep(0.7)
        stop.set()
        await calling
        assert len(set(used)) == 2, "the new key never signed"
        assert set(answers) == {("me", 200), ("endpoints", 200)}, answers
        assert min(answers.values()) > 50
