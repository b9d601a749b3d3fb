"""Log lines: whatever is logged stays one line, in one form, without what must not be in it."""

import json
import logging
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from servicekit import telemetry
from servicekit.telemetry import logs
from servicekit.telemetry.redaction import REDACTED, redact, redact_text

_log = structlog.get_logger("tests.telemetry")
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read


NASTY = "a\r\nb\x1b[2J\x9b31m\x7f\u2028\u202e\x00</script>${jndi:ldap}%s%n{{7*7}}"


@pytest.mark.parametrize("log_format", ["json", "pretty"])
def test_no_value_breaks_the_line(log_format: Any, capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("feedback", log_format=log_format)
    _log.info(NASTY, value=NASTY, nested={NASTY: [NASTY]})
    logging.getLogger("library").warning("%s", NASTY)
    told = capsys.readouterr().out
    assert told.count("\n") == 2
    assert all(unicodedata.category(character)[0] != "C" for character in told.replace("\n", ""))
    if log_format == "json":
        assert json.loads(told.splitlines()[0])["value"] == NASTY


values = st.recursive(
    st.text(max_size=30) | st.integers() | st.floats() | st.none() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=8), values, max_size=4), st.text(), st.booleans())
def test_any_event_is_one_line(facts: dict[str, Any], event: str, is_pretty: bool) -> None:
    telemetry.configure("feedback", log_format="pretty" if is_pretty else "json")
    text = logs._render(logs._Logger("x"), "info", facts | {"event": event})
    assert "\n" not in text
    assert text.isascii()
    if not is_pretty:
        assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["level"] == "info"


def test_other_libraries_use_the_same_form_and_say_no_more(lines: Lines) -> None:
    telemetry.configure("feedback")
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', ("203.0.113.7", 1), "/?q=1")
    logging.getLogger("uvicorn.access").info("203.0.113.7 GET /?q=1")
    logging.getLogger("httpx").info("HTTP Request: GET http://a/?q=1")
    try:
        raise ConnectionRefusedError(111, "secret text")
    except ConnectionRefusedError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        logging.getLogger("library").exception("failed for nguoi@example.vn")
        _log.exception("bus lost", url="nats://feedback:matkhau@127.0.0.1:42220")
    told = lines()
    assert [line["event"] for line in told] == ["Started server process [7]", f"failed for {REDACTED}", "bus lost"]
    assert told[1]["exception"]["errno"] == told[2]["exception"]["errno"] == "ECONNREFUSED"
    assert told[2]["url"] == f"nats://{REDACTED}@127.0.0.1:42220"
    assert told[2]["level"] == "error"
    assert "secret" not in json.dumps(told)


def test_a_fact_cannot_take_the_place_of_a_field(lines: Lines) -> None:
    telemetry.configure("feedback")
    _log.info("a", level="debug", service="other", time=1)
    (line,) = lines()
    assert (line["level"], line["service"]) == ("info", "feedback")
    assert (line["level_"], line["service_"]) == ("debug", "other")


def test_a_log_nobody_reads_stops_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    telemetry.configure("feedback")
    monkeypatch.setattr(sys, "stdout", Broken())
    _log.info("still going")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer abc"),
        ("Authorization", "x"),
        ("client_secret", "x"),
        ("password", ["a", "b"]),
        ("refresh_token", {"a": "b"}),
        ("phone", "0901234567"),
        ("contact_email", "a"),
        ("remote_address", "203.0.113.7"),
        ("set-cookie", "sid=1"),
        ("keyring", "{}"),
        ("database_url", "postgresql://"),
        ("full_name", "Nguyễn Văn A"),
    ],
)
def test_redacted_by_name(name: str, value: Any) -> None:
    assert redact({name: value, "inner": {name: value}}) == {name: REDACTED, "inner": {name: REDACTED}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call 0901234567 now", f"call {REDACTED} now"),
        ("+84901234567", REDACTED),
        ("thẻ 092099001234", f"thẻ {REDACTED}"),
        ("a@b.vn", REDACTED),
        ("Bearer abc.def", REDACTED),
        ("eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln", REDACTED),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw!", f"{REDACTED}!"),
        ("GET /a/b?q=1&c=2 HTTP/1.1", f"GET /a/b{REDACTED} HTTP/1.1"),
        ("postgresql://registry:mat-khau@127.0.0.1:5432/registry", f"postgresql://{REDACTED}@127.0.0.1:5432/registry"),
        # what stays
        ("feedback.submission.accepted.v1.0198a7b2-0000-7000-8000-00000000000f", None),
        ("lag 1712345678 ms", None),
        ("is it down?", None),
    ],
)
def test_redacted_by_look(text: str, expected: str | None) -> None:
    assert redact_text(text) == (text if expected is None else expected)


def test_counts_stay_and_depth_ends() -> None:
    deep: dict[str, Any] = {"n": 1}
    for _ in range(50):
        deep = {"in": deep}
    told = redact({"tokens": 3, "late": 1.5, "error": ValueError("secret"), "deep": deep, "ids": {1}})
    assert (told["tokens"], told["late"], told["error"], told["ids"]) == (3, 1.5, "ValueError", [1])
    assert json.dumps(told["deep"]).count("in") == 4
