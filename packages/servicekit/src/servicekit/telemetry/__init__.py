"""What a running process says about itself: log lines, metrics and traces, without saying anything about people.

- `configure` sets up the process once; `install` adds request lines, request metrics and GET /metrics to an app.
- Log with `structlog.get_logger(__name__)`; an event is a short English name, facts are keyword arguments.
- `quiet` marks a route for people who must not be found again: its lines carry the minute, no id and no duration.
- `current_traceparent` and `with_traceparent` carry a trace over HTTP and events (W3C Trace Context).

No line ever holds a network address, a query string, the text of an exception or a validation error's input.
"""

from typing import Literal

from fastapi import FastAPI
from fastapi.responses import Response

from servicekit.telemetry.logs import configure_logs, flush
from servicekit.telemetry.measures import metrics_text, start_metrics
from servicekit.telemetry.operations import (
    current_request_id,
    current_traceparent,
    mark_quiet,
    quiet,
    with_traceparent,
)
from servicekit.telemetry.requests import RequestTelemetry
from servicekit.telemetry.traces import start_traces

__all__ = [
    "RequestTelemetry",
    "configure",
    "current_request_id",
    "current_traceparent",
    "flush",
    "install",
    "mark_quiet",
    "metrics_text",
    "quiet",
    "with_traceparent",
]


def configure(
    service: str, *, log_format: Literal["json", "pretty"] = "json", otlp_endpoint: str | None = None
) -> None:
    """Set up logs and metrics of this process, and traces when an OTLP endpoint is given; safe to call again."""
    configure_logs(service, log_format)
    start_metrics(service)
    if otlp_endpoint:
        start_traces(service, otlp_endpoint)


def install(app: FastAPI, service: str) -> None:
    """Add the request middleware and GET /metrics to an application."""

    async def metrics() -> Response:
        body, media_type = metrics_text()
        return Response(body, media_type=media_type)

    app.add_api_route("/metrics", metrics, include_in_schema=False)
    app.add_middleware(RequestTelemetry)
