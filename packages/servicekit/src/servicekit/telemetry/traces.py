"""OpenTelemetry traces, off unless an OTLP endpoint is set. Spans carry method, route and status, nothing else."""

from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags

_provider: TracerProvider | None = None


def start_traces(service: str, endpoint: str, exporter: SpanExporter | None = None) -> None:
    """Send spans to an OTLP/HTTP collector, for example http://collector:4318; only the first call counts."""
    global _provider
    if _provider is not None:
        return
    address = endpoint if endpoint.endswith("/v1/traces") else endpoint.rstrip("/") + "/v1/traces"
    _provider = TracerProvider(resource=Resource.create({"service.name": service}))
    _provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=address)))


def stop_traces() -> None:
    """Send what is left and stop."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def start_span(name: str, parent: tuple[str, str, str] | None, *, is_request: bool) -> Span | None:
    """Return a started span, or None while traces are off. `parent` is trace id, span id, flags in hex."""
    if _provider is None:
        return None
    around = otel_context.Context()
    if parent is not None:
        trace_id, span_id, flags = (int(part, 16) for part in parent)
        ids = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
        around = trace.set_span_in_context(NonRecordingSpan(ids), around)
    kind = SpanKind.SERVER if is_request else SpanKind.CONSUMER
    return _provider.get_tracer("servicekit").start_span(name, context=around, kind=kind)


def end_span(span: Span | None, *, method: str = "", route: str = "", status: int = 0) -> None:
    """Name the span after its route and send it; a span that is never ended is never sent."""
    if span is None:
        return
    if method:
        span.update_name(f"{method} {route}")
        attributes: dict[str, Any] = {"http.request.method": method, "http.route": route}
        span.set_attributes(attributes | {"http.response.status_code": status})
    if status >= 500:
        span.set_status(StatusCode.ERROR)
    span.end()
