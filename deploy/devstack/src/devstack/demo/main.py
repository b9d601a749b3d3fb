"""`./nhipcau demo`: runs the journey on a throwaway data folder, or against an installation that is running."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from devstack.demo import answered_on_time, breaking, complaining, listening, measuring, working_day
from devstack.demo.client import Client, extra_patience
from devstack.demo.people import Cast, gather_cast
from devstack.demo.receiver import Receiver
from devstack.stack import Stack


class Steps:
    """Runs the steps one after the other, tells of each, and stops at the first that does not hold."""

    def __init__(self, *, quiet: bool) -> None:
        self.done: list[dict[str, Any]] = []
        self._quiet = quiet

    @property
    def ok(self) -> bool:
        """Whether everything held so far."""
        return all(step["ok"] for step in self.done)

    async def run(self, name: str, work: Awaitable[Any]) -> Any:
        """Run one step; the last element of what it returns is shown as its detail."""
        began = time.monotonic()
        try:
            found = await work
        except Exception as error:
            self._note(name, False, began, {"error": f"{type(error).__name__}: {error}"})
            raise
        detail = found[-1] if isinstance(found, tuple) else found
        self._note(name, True, began, detail if isinstance(detail, dict) else {})
        return found

    def _note(self, name: str, ok: bool, began: float, detail: dict[str, Any]) -> None:
        seconds = round(time.monotonic() - began, 2)
        self.done.append({"name": name, "ok": ok, "seconds": seconds, "detail": detail})
        if not self._quiet:
            said = json.dumps(detail, ensure_ascii=False)
            print(f"{'✓' if ok else '✗'} {name} ({seconds:.1f} s) {said[:300]}", flush=True)


async def journey(steps: Steps, cast: Cast, receiver: Receiver, host: str) -> str:
    """The journey of the brief, without the restart; returns the endpoint's id."""
    await steps.run("today is a working day", working_day.declare_working_day(cast))
    registered = await steps.run(
        "an outside system registers for signed events", listening.register(cast, receiver, host)
    )
    await steps.run("TGT-01: the period 2025 is opened", measuring.open_period(cast))
    reports, _ = await steps.run("TGT-01: 103 drafts are entered", measuring.enter_drafts(cast))
    await steps.run("TGT-01: submitted, one returned and corrected", measuring.submit_return_correct(cast, reports))
    await steps.run("TGT-01: verified and approved by other people", measuring.verify_and_approve(cast, reports))
    await steps.run("TGT-01: the city's rate, and 74.00 % is a miss", measuring.judge_city(cast, reports))
    keys, _ = await steps.run("a citizen without a name reports a flooded lane", complaining.submit(cast))
    submission, _ = await steps.run("the photo's position is gone", complaining.find(cast, keys))
    year = f"{time.gmtime().tm_year}"
    before = {one: await answered_on_time.reading(cast, one) for one in (year, str(int(year) + 1))}
    handled = await steps.run("accepted, assigned, answered", complaining.handle(cast, submission, keys))
    due_on = str(handled["due_on"])
    await steps.run("GEN-04 moves", answered_on_time.moved(cast, due_on, before[due_on[:4]]))
    await steps.run("the citizen says it is not solved", complaining.dispute(cast, keys))
    case, _ = await steps.run("an oversight case is opened from it", complaining.open_case(cast, submission))
    recommendation, _ = await steps.run(
        "a recommendation to two bodies, one replies", complaining.recommend(cast, case)
    )
    await steps.run("the other's silence becomes a state", complaining.silence(cast, recommendation))
    await steps.run("the citizen sees it is under oversight", complaining.linked(cast, keys))
    await steps.run("signed events of all of it arrived", listening.heard(cast, receiver, registered["endpoint"]))
    return str(registered["endpoint"])


async def on_own_stack(steps: Steps) -> None:
    """The whole journey with the restart, on a throwaway data folder."""
    with Receiver() as receiver:
        settings = {
            "ALLOWED_TARGETS": f"127.0.0.1:{receiver.port}",
            "ANONYMOUS_EVENT_DELAY_SECONDS": "0",
            "OVERDUE_CHECK_SECONDS": "1",
        }
        began = time.monotonic()
        async with Stack(extra_env=settings) as stack:
            steps._note("everything starts on this machine", True, began, {"url": stack.base_url})
            nobody = Client(stack.base_url)
            cast: Cast = await steps.run(
                "people sign in", gather_cast(nobody, stack.admin_password, stack.admin_totp_secret)
            )
            endpoint = await journey(steps, cast, receiver, "127.0.0.1")
            await steps.run(
                "PostgreSQL and NATS are killed with -9 and come back", breaking.kill_and_count(cast, stack)
            )
            await steps.run("nothing lost, nothing twice", breaking.count_again(stack))
            await steps.run("the receiver's books still agree", listening.heard(cast, receiver, endpoint))


async def against(
    steps: Steps, url: str, password: str, totp_secret: str, host: str, port: int, *, verify: bool
) -> None:
    """The journey against an installation that is already running, with its own delays (90 s and 60 s unless set)."""
    extra_patience.set(150.0)
    with Receiver("0.0.0.0", port) as receiver:
        nobody = Client(url, verify=verify)
        cast = await steps.run("people sign in", gather_cast(nobody, password, totp_secret))
        await journey(steps, cast, receiver, host)


def main(arguments: list[str]) -> int:
    """Run the demo; exit code 0 only if all held."""
    parser = argparse.ArgumentParser(prog="nhipcau demo", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one object at the end instead of lines")
    parser.add_argument("--against", metavar="URL", help="use this installation instead of an own one")
    parser.add_argument(
        "--admin-password-file",
        type=Path,
        help="with --against: the first administrator's password; admin_totp_secret lies beside it",
    )
    parser.add_argument("--receiver-host", default="127.0.0.1", help="with --against: how it reaches this machine")
    parser.add_argument("--receiver-port", type=int, default=8099, help="with --against: must be in ALLOWED_TARGETS")
    parser.add_argument("--insecure", action="store_true", help="with --against: accept any certificate")
    chosen = parser.parse_args(arguments)
    began, steps = time.monotonic(), Steps(quiet=chosen.json)
    run: Callable[[], Awaitable[None]]
    if chosen.against:
        if chosen.admin_password_file is None:
            parser.error("--against needs --admin-password-file")
        password = chosen.admin_password_file.read_text().strip()
        totp_secret = chosen.admin_password_file.with_name("admin_totp_secret").read_text().strip()

        async def run() -> None:
            await against(
                steps,
                chosen.against.rstrip("/"),
                password,
                totp_secret,
                chosen.receiver_host,
                chosen.receiver_port,
                verify=not chosen.insecure,
            )
    else:

        async def run() -> None:
            await on_own_stack(steps)

    failed: str | None = None
    try:
        asyncio.run(run())
    except Exception as error:  # the report must come out whatever happened
        failed = f"{type(error).__name__}: {error}"
    ok = steps.ok and failed is None and bool(steps.done)
    seconds = round(time.monotonic() - began, 1)
    if chosen.json:
        result = {"ok": ok, "seconds": seconds, "steps": steps.done} | ({"error": failed} if failed else {})
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(f"{'everything held' if ok else f'FAILED: {failed}'} after {seconds} s", file=sys.stderr)
    return 0 if ok else 1
