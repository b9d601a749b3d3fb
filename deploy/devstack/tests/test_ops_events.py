"""`ops dlq retry` and `ops reconcile` between the real feedback and oversight services' tables and handlers."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from contracts import feedback_v1, oversight_v1
from contracts.envelope import Fact
from devstack.databases import drop_database, ensure_database, with_database
from devstack.ops import dlq, reconcile
from devstack.ops.dlq import Wanted
from devstack.ops.reconcile import _events
from devstack.ops.service_databases import opened_one, readers_of
from devstack.processes import StackError
from devstack.stack import Stack, all_parts, engine_parts
from devstack.supervisor import Part
from servicekit.events import encode
from servicekit.inbox import Consumer, drain, receive
from servicekit.outbox import EventDraft, record

HOUSE = ("feedback", "oversight")
BODY, UNIT = uuid4(), uuid4()
TODAY = date(2026, 11, 23)
AT_ONCE = timedelta(0)


def parts(stack: Stack) -> Sequence[Part]:
    mine = [f"migrate {service}" for service in HOUSE]
    return [*engine_parts(stack), *(part for part in all_parts(stack) if part.name in mine)]


@pytest.fixture(scope="module")
async def started() -> AsyncIterator[Stack]:
    async with Stack(parts=parts) as stack:
        for service in HOUSE:
            await ensure_database(stack.admin_dsn, f"{service}_empty", service=service, template=service)
        yield stack


@pytest.fixture
async def house(started: Stack) -> AsyncIterator[Stack]:
    """The two services with empty tables."""
    yield started
    for service in HOUSE:
        await put_back(started, service, "empty")


async def put_back(stack: Stack, service: str, name: str) -> None:
    """Restore the database of one service to what it was when `name` was taken."""
    await drop_database(stack.admin_dsn, service)
    await ensure_database(stack.admin_dsn, service, service=service, template=f"{service}_{name}")


async def take(stack: Stack, service: str, name: str) -> None:
    await drop_database(stack.admin_dsn, f"{service}_{name}")
    await ensure_database(stack.admin_dsn, f"{service}_{name}", service=service, template=service)


async def rows(stack: Stack, service: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(with_database(stack.admin_dsn, service))
    found: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
    await connection.close()
    return found


RECEIVED = feedback_v1.SubmissionReceived(
    identity_mode="named", front_organisation_id=BODY, unit_id=UNIT, received_on=TODAY
)
CLASSIFIED = ("feedback.submission.classified", feedback_v1.SubmissionClassified(kind="report"))
CRIME = ("feedback.submission.classified", feedback_v1.SubmissionClassified(kind="crime_report"))
GUIDED_OUT = ("feedback.submission.guided_out", feedback_v1.SubmissionGuidedOut(kind="crime_report"))


def draft(name: str, fact: Fact, subject: UUID, sequence: int) -> EventDraft:
    data = fact.model_dump(mode="json")
    return EventDraft(type=f"{name}.v1", subject=subject, sequence=sequence, data=data)


async def tell(stack: Stack, service: str, *drafts: EventDraft, delay: timedelta = AT_ONCE) -> None:
    """Commit events as the service would."""
    now = datetime.now(UTC)
    async with opened_one(stack.data, stack.ports, service) as database, database.write() as session:
        for one in drafts:
            await record(session, event=one, now=now, visible_at=now + delay)


async def tell_submissions(stack: Stack, count: int, *after: tuple[str, Fact]) -> list[UUID]:
    """Submissions that are received and then classified, or what `after` says."""
    ids = [uuid4() for _ in range(count)]
    facts = [("feedback.submission.received", RECEIVED), *(after or [CLASSIFIED])]
    drafts = [draft(name, fact, one, number) for one in ids for number, (name, fact) in enumerate(facts, 1)]
    await tell(stack, "feedback", *drafts)
    return ids


def reader(service: str, source: str) -> Consumer:
    return next(one for one in readers_of(service).consumers if one.name == f"{service}-{source}")


async def deliver(stack: Stack, source: str, service: str) -> None:
    """Let a reader take in the whole outbox, as the courier would bring it."""
    consumer, now = reader(service, source), datetime.now(UTC)
    async with opened_one(stack.data, stack.ports, source) as told, told.read() as session:
        ids = (await session.scalars(text("SELECT id FROM outbox WHERE visible_at <= now() ORDER BY position"))).all()
        events = await _events(told, source, ids)
    async with opened_one(stack.data, stack.ports, service) as database:
        for event in events:
            await receive(database, consumer, encode(event), now)


async def level(stack: Stack, *, check: bool = False, accept: bool = False) -> dict[str, reconcile.Pair]:
    pairs = await reconcile.level(stack.data, stack.ports, HOUSE, check=check, accept=accept, settle=AT_ONCE)
    print(*reconcile.report(pairs, check=check), sep="\n")
    return {pair.consumer.name: pair for pair in pairs}


ITEMS = "SELECT * FROM feedback_item ORDER BY submission_id"


async def test_a_reader_restored_to_before_takes_in_what_it_misses_once(house: Stack) -> None:
    await tell_submissions(house, 5)
    await deliver(house, "feedback", "oversight")
    await take(house, "oversight", "earlier")
    await tell_submissions(house, 7)
    held_back = uuid4()
    first = draft("feedback.submission.received", RECEIVED, held_back, 1)
    await tell(house, "feedback", first, delay=timedelta(hours=1))
    await tell(house, "feedback", draft(*CLASSIFIED, held_back, 2))
    await deliver(house, "feedback", "oversight")
    await rows(house, "oversight", "DELETE FROM dead_letter")
    before = await rows(house, "oversight", ITEMS)
    assert len(before) == 12

    await put_back(house, "oversight", "earlier")
    seen = (await level(house, check=True))["oversight-feedback"]
    assert (len(seen.left), seen.cannot) == (14, 14)
    assert len(await rows(house, "oversight", ITEMS)) == 5
    done = (await level(house))["oversight-feedback"]
    assert (done.applied, done.cannot) == (14, 0)
    assert await rows(house, "oversight", ITEMS) == before
    again = (await level(house))["oversight-feedback"]
    assert (again.applied, again.cannot) == (0, 0)
    await deliver(house, "feedback", "oversight")  # what the courier still had changes nothing
    assert await rows(house, "oversight", ITEMS) == before
    assert (await rows(house, "oversight", "SELECT count(*) FROM inbox"))[0][0] == 24


async def test_a_source_restored_to_before_is_reported_not_papered_over(house: Stack) -> None:
    old = (await tell_submissions(house, 1))[0]
    await rows(house, "feedback", "DELETE FROM outbox WHERE sequence = 2")
    await take(house, "feedback", "earlier")
    await tell(house, "feedback", draft(*CLASSIFIED, old, 2))
    lost = (await tell_submissions(house, 1))[0]
    await deliver(house, "feedback", "oversight")
    await put_back(house, "feedback", "earlier")

    found = (await level(house))["oversight-feedback"]
    assert found.after is not None
    assert found.after.ahead == [(old, 2, 1)]
    assert found.after.unknown == [lost]
    assert found.cannot == 2

    # The source goes on: its next version is another event than the one the reader has already taken in.
    await tell(house, "feedback", draft(*CRIME, old, 2))
    found = (await level(house))["oversight-feedback"]
    assert found.after is not None
    assert [(one.subject, one.sequence) for one in found.after.other] == [(old, 2)]
    assert not found.after.ahead
    await level(house, accept=True)
    found = (await level(house))["oversight-feedback"]
    assert found.after is not None
    assert not found.after.other


async def test_old_events_that_were_forgotten_are_no_loss_unless_a_reader_needs_them(house: Stack) -> None:
    quiet, needed = await tell_submissions(house, 2)
    await take(house, "oversight", "earlier")
    await deliver(house, "feedback", "oversight")
    await rows(house, "feedback", "DELETE FROM outbox WHERE subject = $1", quiet)
    await rows(
        house,
        "feedback",
        "INSERT INTO audit_entry (at, action, subject_type, subject_id, actor_kind, details)"
        " VALUES (now(), 'submission.erase', 'submission', $1, 'anonymous', '{}')",
        quiet,
    )
    found = (await level(house))["oversight-feedback"]
    assert found.cannot == 0
    await put_back(house, "oversight", "earlier")
    await rows(house, "feedback", "DELETE FROM outbox WHERE subject = $1 AND sequence = 1", needed)
    found = (await level(house))["oversight-feedback"]
    assert found.after is not None
    assert [(gap.subject, gap.has, gap.next) for gap in found.after.gaps] == [(needed, 0, 2)]
    assert not await rows(house, "oversight", "SELECT * FROM dead_letter")


SUBMISSION = """
INSERT INTO submission (id, code, secret_hmac, status, version, identity_mode, unit_id, front_organisation_id,
  holder_organisation_id, received_at, received_on, content_sealed, receipt_sealed, consent_purpose,
  consent_text_version, status_due_on, status_due_provisional, status_rule_version)
VALUES ($1, 'NC-1', '\\x01', 'classified', 2, 'named', $2, $3, $3, now(), '2026-11-23', '\\x', '\\x', 'p', '1',
  '2026-12-07', false, 1)"""


async def test_one_moment_for_feedback_and_an_earlier_one_for_oversight_and_the_other_way_round(house: Stack) -> None:
    """O2: no case without its feedback item, no effect twice."""
    submission = uuid4()
    await rows(house, "feedback", SUBMISSION, submission, UNIT, BODY)
    received = draft("feedback.submission.received", RECEIVED, submission, 1)
    await tell(house, "feedback", received, draft(*CLASSIFIED, submission, 2))
    await take(house, "oversight", "earlier")
    await deliver(house, "feedback", "oversight")
    await take(house, "feedback", "earlier")
    opened = oversight_v1.CaseOpened(
        presiding_organisation_id=BODY,
        form="document_review",
        trigger="feedback",
        submission_id=submission,
        opened_on=TODAY,
    )
    case = uuid4()
    await tell(house, "oversight", draft("oversight.case.opened", opened, case, 1))
    await deliver(house, "oversight", "feedback")
    await deliver(house, "feedback", "oversight")

    await put_back(house, "feedback", "earlier")
    done = await level(house)
    assert done["feedback-oversight"].applied == 1
    linked = await rows(house, "feedback", "SELECT version, case_id FROM submission")
    assert [tuple(row) for row in linked] == [(3, case)]
    told = await rows(house, "feedback", "SELECT 1 FROM outbox WHERE type LIKE '%linked%'")
    assert len(told) == len(await rows(house, "feedback", "SELECT 1 FROM submission_line")) == 1
    # Feedback told of the link a second time, as a new event: oversight keeps the first one, and a person compares.
    difference = done["oversight-feedback"].after
    assert difference is not None
    assert [(one.subject, one.sequence) for one in difference.other] == [(submission, 3)]

    await put_back(house, "oversight", "earlier")
    done = await level(house)
    assert done["oversight-feedback"].applied == 3
    items = await rows(house, "oversight", ITEMS)
    assert [(row["submission_id"], row["case_id"]) for row in items] == [(submission, case)]
    assert done["feedback-oversight"].after is not None
    assert done["feedback-oversight"].after.unknown == [case]  # oversight lost the case that feedback knows of
    assert len(await rows(house, "feedback", "SELECT 1 FROM submission_line")) == 1


async def put_aside(house: Stack) -> list[UUID]:
    """Thirty submissions that go through and three that a fault of oversight's keeps out for good (D8)."""
    await rows(house, "oversight", "ALTER TABLE feedback_item ADD CONSTRAINT fault CHECK (kind <> 'crime_report')")
    await tell_submissions(house, 30)
    bad = await tell_submissions(house, 3, CRIME, GUIDED_OUT)
    await deliver(house, "feedback", "oversight")
    async with opened_one(house.data, house.ports, "oversight") as database:
        for later in range(1, 6):
            await drain(database, reader("oversight", "feedback"), datetime.now(UTC) + timedelta(minutes=later))
    return bad


async def test_a_retry_applies_what_was_poison_and_what_waited_behind_it(house: Stack) -> None:
    bad = await put_aside(house)
    letters = await rows(house, "oversight", "SELECT reason, event_id, subject FROM dead_letter ORDER BY sequence")
    assert [row["reason"] for row in letters] == ["poison"] * 3 + ["gap"] * 3
    everything = replace(Wanted(), services=HOUSE)
    still = await dlq.retry_wanted(house.data, house.ports, everything)
    assert (still.tried, still.applied, len(still.left)) == (6, 0, 6)  # the fault is still there
    level_now = (await level(house))["oversight-feedback"]
    assert level_now.after is not None
    assert sorted(level_now.after.aside) == sorted(bad)

    await rows(house, "oversight", "ALTER TABLE feedback_item DROP CONSTRAINT fault")
    one = await dlq.retry_wanted(house.data, house.ports, replace(everything, events=[letters[0]["event_id"]]))
    assert (one.tried, one.applied) == (1, 1)
    left = await rows(house, "oversight", "SELECT subject FROM dead_letter")
    assert {row["subject"] for row in left} == {row["subject"] for row in letters[1:3]}  # its successor went with it
    rest = await dlq.retry_wanted(house.data, house.ports, replace(everything, consumers=["oversight-feedback"]))
    assert (rest.tried, rest.applied, rest.left) == (4, 4, [])
    items = await rows(house, "oversight", "SELECT status FROM feedback_item")
    assert sorted(row["status"] for row in items) == ["classified"] * 30 + ["guided_out"] * 3
    assert (await rows(house, "oversight", "SELECT count(*) FROM inbox"))[0][0] == 69
    with pytest.raises(StackError, match="no event of that id"):
        await dlq.retry_wanted(house.data, house.ports, replace(everything, events=[uuid4()]))
    assert (await level(house))["oversight-feedback"].cannot == 0


def ops(stack: Stack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {f"{name.upper()}_PORT": str(port) for name, port in vars(stack.ports).items()}
    command = [sys.executable, "-m", "devstack", "ops", *arguments, "--data", str(stack.data)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


async def test_the_commands_say_what_they_did_and_exit_accordingly(house: Stack) -> None:
    await rows(house, "oversight", "ALTER TABLE feedback_item ADD CONSTRAINT fault CHECK (kind <> 'crime_report')")
    await tell_submissions(house, 1, CRIME)
    await deliver(house, "feedback", "oversight")
    await rows(house, "oversight", "ALTER TABLE feedback_item DROP CONSTRAINT fault")
    both = ("--service", "feedback", "--service", "oversight")
    vague, listed = await asyncio.gather(
        asyncio.to_thread(ops, house, "dlq", "retry"), asyncio.to_thread(ops, house, "dlq", "list", *both)
    )
    assert vague.returncode == 2
    assert "say which" in vague.stderr
    assert listed.returncode == 1
    assert "retry (IntegrityError), tried 1 times" in listed.stdout
    retried = await asyncio.to_thread(ops, house, "dlq", "retry", "--all", *both)
    assert (retried.returncode, retried.stdout) == (0, "1 events tried: 1 applied, 0 still put aside\n"), retried.stderr
    await tell_submissions(house, 1)
    await rows(house, "feedback", "UPDATE outbox SET visible_at = now() - interval '1 minute'")
    done = await asyncio.to_thread(ops, house, "reconcile", *both)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all services are level"
    assert "feedback   oversight           4        2         2        0" in done.stdout
