"""What a process says about itself, and above all what it never says."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from opentelemetry import metrics
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.types import Message, Receive, Scope, Send

from servicekit import problems, telemetry
from servicekit.telemetry import traces
from servicekit.telemetry.operations import read_traceparent
from servicekit.text import ApiModel, SafeLine

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
_log = structlog.get_logger("tests.telemetry")
Lines = Callable[[], list[dict[str, Any]]]


class Body(ApiModel):
    text: SafeLine


@pytest.fixture
def app() -> FastAPI:
    telemetry.configure("feedback")
    made = FastAPI()
    problems.install(made)
    telemetry.install(made, "feedback")

    @made.get("/api/things/{thing}")
    async def thing(thing: str, request: Request) -> dict[str, Any]:
        _log.info("thing read", asked=thing)
        return {"id": request.headers["x-request-id"], "traceparent": telemetry.current_traceparent()}

    @made.post("/api/things")
    async def create(body: Body) -> None: ...

    @made.post("/api/submissions")
    @telemetry.quiet
    async def submit(body: Body) -> dict[str, Any]:
        _log.info("submission accepted")
        return {"traceparent": telemetry.current_traceparent()}

    @made.get("/api/broken")
    async def broken() -> None:
        raise RuntimeError("secret text of 0901234567") from ValueError("more secret text")

    return made


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.7", 64711))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    telemetry.flush()
    capsys.readouterr()  # what the test before left waiting is not ours

    def read() -> list[dict[str, Any]]:
        telemetry.flush()
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read


async def test_one_line_per_request(client: httpx.AsyncClient, lines: Lines) -> None:
    response = await client.get("/api/things/7?q=0901234567", headers={"traceparent": TRACEPARENT})
    inner, outer = lines()
    assert inner["event"] == "thing read"
    assert inner["logger"] == "tests.telemetry"
    assert outer | {"time": "", "ms": 0} == {
        "time": "",
        "level": "info",
        "event": "request",
        "service": "feedback",
        "method": "GET",
        "route": "/api/things/{thing}",
        "status": 200,
        "ms": 0,
        "request_id": response.headers["x-request-id"],
        "trace_id": TRACE,
    }
    assert inner["request_id"] == outer["request_id"] == response.json()["id"]
    assert inner["trace_id"] == TRACE
    assert outer["time"].endswith("Z")
    assert 0 < outer["ms"] < 10_000
    assert response.json()["traceparent"].startswith(f"00-{TRACE}-")
    assert PARENT not in response.json()["traceparent"]


async def test_no_address_query_or_path_value_is_in_a_request_line(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ("/api/nothing/an-phan-anh?ma=NC-7F3K", "/api/things?ma=NC-7F3K", "/%0a%1b[31mforged?x=NC-7F3K"):
        await client.get(path)
    telemetry.flush()
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 3
    for secret in ("203.0.113.7", "64711", "NC-7F3K", "an-phan-anh", "forged", "?"):
        assert secret not in told


async def test_refused_input_is_not_in_the_log(client: httpx.AsyncClient, lines: Lines) -> None:
    response = await client.post("/api/things", json={"text": "bí mật 0901234567\n", "khoá-lạ": "bí mật"})
    assert response.status_code == 422
    (line,) = lines()
    assert (line["status"], line["route"], line["method"]) == (422, "/api/things", "POST")
    assert "0901234567" not in json.dumps(line)


async def test_an_unexpected_error_is_told_by_type_and_place_only(client: httpx.AsyncClient, lines: Lines) -> None:
    response = await client.get("/api/broken")
    assert response.status_code == 500
    (line,) = lines()
    assert (line["level"], line["status"]) == ("error", 500)
    assert line["exception"]["type"] == "builtins.RuntimeError"
    assert line["exception"]["cause"]["type"] == "builtins.ValueError"
    assert line["exception"]["frames"][-1].endswith(" broken")
    assert "secret" not in json.dumps(line) + response.text
    assert response.json()["request_id"] == line["request_id"]


async def test_a_quiet_route_leaves_nothing_to_find_the_request_by(client: httpx.AsyncClient, lines: Lines) -> None:
    headers = {"traceparent": TRACEPARENT, "x-request-id": "citizen-chosen-1"}
    for body, status in (({"text": "Nước ngập"}, 200), ({"text": ""}, 422)):
        response = await client.post("/api/submissions", json=body, headers=headers)
        assert response.status_code == status
        told = lines()
        assert told[-1] | {"time": ""} == {
            "time": "",
            "level": "info",
            "event": "request",
            "service": "feedback",
            "method": "POST",
            "route": "/api/submissions",
            "status": status,
        }
        assert all(line["time"].endswith(":00Z") for line in told)
        assert all(not {"request_id", "trace_id", "ms"} & line.keys() for line in told)
        if status == 200:
            assert response.json() == {"traceparent": None}
            assert told[0]["event"] == "submission accepted"


async def test_a_gateway_can_mark_a_request_quiet_and_name_its_route(lines: Lines) -> None:
    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        scope["nhipcau.route"] = "/api/v1/feedback/submissions"
        telemetry.mark_quiet(scope)
        await send({"type": "http.response.start", "status": 503, "headers": [(b"x-request-id", b"upstream")]})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(telemetry.RequestTelemetry(proxy))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post("/whatever")
    assert len(response.headers.get_list("x-request-id")) == 1
    (line,) = lines()
    assert (line["route"], line["level"]) == ("/api/v1/feedback/submissions", "info")
    assert "request_id" not in line


@pytest.mark.parametrize("given", ["short", "a" * 65, "a b c d e f", 'abcdefgh"', "abcdefgh\x1b[31m", "é" * 10])
async def test_a_request_id_that_is_none_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/api/things/7", headers=[(b"x-request-id", given.encode())])
    assert response.headers["x-request-id"] == response.json()["id"] != given
    assert len(response.headers["x-request-id"]) == 24


async def test_a_request_id_is_taken_over(client: httpx.AsyncClient, lines: Lines) -> None:
    response = await client.get("/api/things/7", headers={"x-request-id": "gateway-id-1"})
    assert response.headers.get_list("x-request-id") == ["gateway-id-1"]
    assert [line["request_id"] for line in lines()] == ["gateway-id-1"] * 2


async def test_probes_are_silent_while_they_are_well(client: httpx.AsyncClient, lines: Lines) -> None:
    assert (await client.get("/metrics")).status_code == 200
    assert lines() == []


async def test_a_client_that_goes_away_is_499(lines: Lines) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return None

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    telemetry.configure("feedback")
    scope = {"type": "http", "method": "BREW", "path": "/", "headers": []}
    await telemetry.RequestTelemetry(silent)(scope, receive, send)
    (line,) = lines()
    assert (line["status"], line["route"], line["method"]) == (499, "unmatched", "OTHER")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "garbage",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-extra",
        f"00-{TRACE}-{PARENT}",
        TRACEPARENT + "\n",
        f"01-{TRACE}-{PARENT}-01-" + "x" * 300,
    ],
)
def test_traceparents_that_are_none(value: str | None) -> None:
    assert read_traceparent(value) is None
    with telemetry.with_traceparent(value):
        sent = telemetry.current_traceparent()
        assert sent is not None
        assert TRACE not in sent
    assert telemetry.current_traceparent() is None


def test_an_event_continues_its_trace() -> None:
    with telemetry.with_traceparent(TRACEPARENT):
        assert str(telemetry.current_traceparent()).startswith(f"00-{TRACE}-")
    assert read_traceparent(f"01-{TRACE}-{PARENT}-03-later") == (TRACE, PARENT, "01")


async def test_request_metrics_by_route_template(client: httpx.AsyncClient) -> None:
    for path in ("/api/things/1", "/api/things/2", "/api/nothing-1", "/api/nothing-2"):
        await client.get(path)
    counter = metrics.get_meter("tests").create_counter("house.things", description="Things counted.")
    counter.add(3, {"kind": "a"})
    response = await client.get("/metrics")
    text = response.text
    assert response.headers["content-type"].startswith("text/plain")
    assert (
        'http_server_request_duration_seconds_count{http_request_method="GET",'
        'http_response_status_code="200",http_route="/api/things/{thing}"}' in text
    )
    assert 'http_route="unmatched"' in text
    assert "nothing-1" not in text
    assert "http_server_active_requests 1.0" in text  # the one being answered
    assert "house_things_total" in text
    assert "process_resident_memory_bytes" in text


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    traces.start_traces("feedback", "http://127.0.0.1:1", exporter)
    yield exporter
    traces.stop_traces()


async def test_spans_carry_the_route_and_nothing_else(client: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    response = await client.get("/api/things/7?q=0901234567", headers={"traceparent": TRACEPARENT})
    await client.post("/api/submissions", json={"text": "Nước ngập"}, headers={"traceparent": TRACEPARENT})
    await client.get("/api/broken")
    with telemetry.with_traceparent(TRACEPARENT, "feedback.submission.accepted.v1"):
        pass
    traces.stop_traces()
    read, broken, event = spans.get_finished_spans()  # and none of the quiet one
    assert read.name == "GET /api/things/{thing}"
    assert dict(read.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/api/things/{thing}",
        "http.response.status_code": 200,
    }
    assert read.parent is not None
    assert f"{read.parent.trace_id:032x}-{read.parent.span_id:016x}" == f"{TRACE}-{PARENT}"
    assert response.json()["traceparent"] == f"00-{TRACE}-{read.context.span_id:016x}-01"
    assert not broken.status.is_ok
    assert not broken.events
    assert event.parent is not None
    assert event.parent.span_id == int(PARENT, 16)
