"""Another government system: takes webhooks and verifies each with the public `standardwebhooks` package."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Receiver:
    """Listens on one port; keeps what verified, counts what did not."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.secret = ""
        self.events: dict[str, dict[str, Any]] = {}
        self.calls: Counter[str] = Counter()
        self.refused = 0
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(receiver.take(body, dict(self.headers.items())))
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing; the demo reports what arrived."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Receiver":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Verify one delivery and remember it; return the HTTP status to answer."""
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            Webhook(self.secret).verify(body, lower)
        except (WebhookVerificationError, ValueError):
            with self._lock:
                self.refused += 1
            return 401
        with self._lock:
            self.calls[lower["webhook-id"]] += 1
            self.events[lower["webhook-id"]] = json.loads(body)
        return 204

    def types(self) -> Counter[str]:
        """Count distinct events by type."""
        with self._lock:
            return Counter(event["type"] for event in self.events.values())
