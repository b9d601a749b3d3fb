"""Log lines: one JSON object per event on standard output, whoever logs it (structlog or the logging module).

Everything outside printable ASCII is escaped, so a value can neither start a second line nor send a terminal an
escape sequence (the class of CVE-2020-7694). Exceptions are told by type, code and place, never by their text,
which may hold what a person sent or the parameters of a statement.
"""

import asyncio
import atexit
import errno
import json
import logging
import sys
import time
import traceback
from typing import Any, Final

import structlog

from servicekit.telemetry.operations import Operation, current
from servicekit.telemetry.redaction import redact, redact_text

_LEVELS: Final = {"warn": "warning", "exception": "error", "critical": "error", "fatal": "error"}
_NOISY: Final = ("httpx", "httpcore", "uvicorn.access", "asyncio", "multipart", "python_multipart", "nats")
_FRAMES: Final = 12
_FLUSH_SECONDS: Final = 0.2
_FLUSH_LINES: Final = 256
_waiting: list[str] = []  # lines of requests that went well; see `_note`
_known: dict[tuple[str, str], str] = {}  # routes are few: the JSON of each is made once
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=str).encode


class _Process:
    """What all lines of the process share."""

    service: str = ""
    is_pretty: bool = False
    second: int = 0
    second_text: str = ""


def configure_logs(service: str, log_format: str = "json") -> None:
    """Route structlog and the logging module to standard output; safe to call again."""
    _Process.service, _Process.is_pretty = service, log_format == "pretty"
    _known.clear()
    structlog.configure(
        processors=[_render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Logger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Handler)]
    root.addHandler(_Handler())
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    logging.getLogger("uvicorn.access").disabled = True  # requests are logged by servicekit.telemetry.requests
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def write_request(
    method: str,
    route: str,
    status: int,
    *,
    operation: Operation,
    seconds: float,
    problem: BaseException | None = None,
) -> None:
    """Write the line of one request, without structlog because it is written for every request.

    `method` and `route` come from fixed sets. A quiet request gets the minute, and neither ids nor duration.
    """
    is_quiet = operation.is_quiet
    level = "info" if status < 500 or is_quiet else "error"
    if problem is None and not _Process.is_pretty:
        known = _known.get((method, route)) or _learn(method, route)
        rest = (
            ""
            if is_quiet
            else f',"ms":{seconds * 1000:.2f},"request_id":"{operation.request_id}","trace_id":"{operation.trace_id}"'
        )
        line_text = f'{{"time":"{_time_text(is_quiet)}","level":"{level}",{known}"status":{status}{rest}}}'
        (_write if level == "error" else _note)(line_text)
        return
    line: dict[str, Any] = {"time": _time_text(is_quiet), "level": level, "event": "request"}
    line |= {"service": _Process.service, "method": method, "route": route, "status": status}
    if not is_quiet:
        line |= {"ms": round(seconds * 1000, 2), "request_id": operation.request_id, "trace_id": operation.trace_id}
    if problem is not None:
        line["exception"] = describe_exception(problem)
    _write(_pretty(line) if _Process.is_pretty else _encode(line))


def _learn(method: str, route: str) -> str:
    facts = _encode({"event": "request", "service": _Process.service, "method": method, "route": route})
    known = _known[method, route] = facts[1:-1] + ","
    return known


def _render(logger: "_Logger", method: str, given: Any) -> str:
    facts = dict(given)
    event = redact_text(str(facts.pop("event", "")))
    problem = _exception_of(facts.pop("exc_info", None), method)
    facts.pop("stack_info", None)
    operation = current()
    is_quiet = operation is not None and operation.is_quiet
    line: dict[str, Any] = {"time": _time_text(is_quiet), "level": _LEVELS.get(method, method), "event": event}
    line["service"] = _Process.service
    if logger.name:
        line["logger"] = logger.name
    if operation is not None and not is_quiet:
        if operation.request_id:
            line["request_id"] = operation.request_id
        line["trace_id"] = operation.trace_id
    for name, value in redact(structlog.contextvars.get_contextvars() | facts).items():
        line[name if name not in line else f"{name}_"] = value
    if problem is not None:
        line["exception"] = describe_exception(problem)
    return _pretty(line) if _Process.is_pretty else _encode(line)


def _exception_of(given: Any, method: str) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exception() if given or method == "exception" else None


def describe_exception(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """Return type, stable codes, the last places and the cause of an exception; never its text."""
    kind = type(error)
    told: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    for name in ("code", "sqlstate", "reason_code"):
        code = getattr(error, name, None)
        if isinstance(code, str | int) and len(str(code)) <= 64:
            told[name] = code
    if isinstance(error, OSError) and error.errno:
        told["errno"] = errno.errorcode.get(error.errno, error.errno)
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    told["frames"] = [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth < 3:
        told["cause"] = describe_exception(cause, depth + 1)
    return told


def _short(filename: str) -> str:
    return "/".join(filename.rsplit("/", 2)[-2:])


def _time_text(to_the_minute: bool) -> str:
    now = time.time_ns()
    second = now // 1_000_000_000
    if second != _Process.second:
        _Process.second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        _Process.second = second
    if to_the_minute:
        return _Process.second_text[:-2] + "00Z"
    return f"{_Process.second_text}.{now // 1_000_000 % 1000:03d}Z"


def _pretty(line: dict[str, Any]) -> str:
    rest = {name: value for name, value in line.items() if name not in ("time", "level", "event", "service")}
    facts = " ".join(f"{_encode(name)[1:-1]}={_encode(value)}" for name, value in rest.items())
    return f"{line['time'][11:19]} {line['level']:<7} {line['service']:<9} {_encode(line['event'])[1:-1]} {facts}"


def _note(text: str) -> None:
    """Let a line wait for others for a moment: one system call a request was 5 % of a submission's processor time."""
    _waiting.append(text)
    if len(_waiting) >= _FLUSH_LINES:
        flush()
    elif len(_waiting) == 1:
        try:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, flush)
        except RuntimeError:  # no loop runs: nobody would come back to it
            flush()


@atexit.register
def flush() -> None:
    """Write the lines that wait; every other line does it first, so the order is that of what happened."""
    if _waiting:
        text = "\n".join(_waiting)
        _waiting.clear()
        _out(text)


def _write(text: str) -> None:
    flush()
    _out(text)


def _out(text: str) -> None:
    try:
        sys.stdout.write(text.replace("\x7f", "\\u007f") + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        return  # nobody reads any more; work goes on


class _Logger:
    """What structlog writes to."""

    __slots__ = ("name",)

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, text: str) -> None:
        """Write a rendered line."""
        _write(text)

    debug = info = warning = error = critical = exception = fatal = warn = log = msg


class _Handler(logging.Handler):
    """Brings the lines of other libraries into the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; two of uvicorn's would say too much or say it twice."""
        if record.name.startswith("uvicorn"):
            if str(record.msg).startswith("Exception in ASGI application"):
                return  # logged by servicekit.telemetry.requests
            if "WebSocket" in str(record.msg):
                return  # holds the client's address and the query string; we serve no WebSocket
        facts: dict[str, Any] = {"event": record.getMessage(), "exc_info": record.exc_info}
        _write(_render(_Logger(record.name), record.levelname.lower(), facts))
