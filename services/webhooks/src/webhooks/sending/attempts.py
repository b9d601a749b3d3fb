"""One attempt: sign, send, read a little of the answer, and say what it came to."""

import asyncio
import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from servicekit.encryption import CannotOpen, Keyring, open_, seal
from servicekit.signatures import read_secret, sign_v1, sign_v1a, webhook_headers
from webhooks.actions.claim_deliveries import Claimed
from webhooks.actions.register_endpoint import secret_context
from webhooks.actions.settle_attempt import Outcome
from webhooks.domain.errors import TargetRefused
from webhooks.sending.guard import Guard

TIMEOUT_SECONDS = 15
MAX_ANSWER = 64 * 1024
KEPT_ANSWER = 2000


class Sender:
    """Sends claimed deliveries with one client, signed by the endpoint's secret and by the house's Ed25519 key."""

    def __init__(self, client: httpx.AsyncClient, guard: Guard, keyring: Keyring, key: Ed25519PrivateKey) -> None:
        self._client, self._guard, self._keyring, self._key = client, guard, keyring, key

    def headers(self, claimed: Claimed, at: datetime) -> dict[str, str]:
        """Return the Standard Webhooks headers: v1 by each valid secret, then v1a."""
        webhook_id, timestamp = str(claimed.message_id), int(at.timestamp())
        context = secret_context(claimed.endpoint_id)
        sealed = [claimed.secret_sealed]
        if claimed.old_secret_sealed is not None and claimed.old_secret_until and at < claimed.old_secret_until:
            sealed.append(claimed.old_secret_sealed)
        signatures = [
            sign_v1(read_secret(open_(self._keyring, one, context)), webhook_id, timestamp, claimed.body)
            for one in sealed
        ]
        signatures.append(sign_v1a(self._key, webhook_id, timestamp, claimed.body))
        signed = webhook_headers(webhook_id, timestamp, signatures)
        return {**signed, "content-type": "application/json", "user-agent": "nhipcau-webhooks/1"}

    async def attempt(self, claimed: Claimed, at: datetime) -> Outcome:
        """Try once; every failure is an outcome, none is raised."""
        began = time.monotonic()
        status, error, answer, retry_after = None, None, b"", None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._guard.check_url(claimed.url)
                status, answer, retry_after = await self._post(claimed, at)
        except TimeoutError:
            error = "timeout"
        except TargetRefused as refused:
            error = f"target_refused_{refused.facts['why']}"
        except CannotOpen:
            error = "secret_cannot_be_opened"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as failed:
            error = type(failed).__name__
        context = f"attempt.response/{claimed.id}"
        kept = seal(self._keyring, answer[:KEPT_ANSWER].decode("utf-8", "replace"), context) if answer else None
        return Outcome(at, int((time.monotonic() - began) * 1000), status, error, kept, retry_after)

    async def _post(self, claimed: Claimed, at: datetime) -> tuple[int, bytes, timedelta | None]:
        headers = self.headers(claimed, at)
        async with self._client.stream("POST", claimed.url, content=claimed.body, headers=headers) as response:
            answer = b""
            async for chunk in response.aiter_raw():
                answer += chunk
                if len(answer) >= MAX_ANSWER:
                    break
            wish = response.headers.get("retry-after") if response.status_code in (429, 503) else None
            return response.status_code, answer, read_retry_after(wish, at)


def read_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Read Retry-After in seconds or as an HTTP date; None when there is none that can be read."""
    if text is None:
        return None
    if text.isdecimal() and len(text) < 9:
        return timedelta(seconds=int(text))
    try:
        return max(parsedate_to_datetime(text) - now, timedelta(0))
    except (TypeError, ValueError):
        return None
