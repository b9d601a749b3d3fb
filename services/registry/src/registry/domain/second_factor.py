"""One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds) and what replaces them."""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyotp import TOTP

STEP_SECONDS: Final = 30
STEPS_AROUND: Final = 1
"""Codes of the step before and after are taken too: clocks differ and people type slowly (RFC 6238 §5.2)."""
RECOVERY_CODES: Final = 10
_LEAST_BYTES: Final = 20
"""RFC 4226 §4, R6."""
_ISSUER: Final = "Nhịp Cầu"


@dataclass(frozen=True, slots=True)
class SecondProof:
    """What a person gave beside the password: a one-time code, or the hash of a recovery code."""

    totp: str | None = None
    recovery_hash: bytes | None = None


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, of those around now, or None."""
    present = int(now.timestamp()) // STEP_SECONDS
    codes = TOTP(secret)
    for step in range(present - STEPS_AROUND, present + STEPS_AROUND + 1):
        if hmac.compare_digest(codes.generate_otp(step), code):
            return step
    return None


def otpauth_address(secret: str, username: str) -> str:
    """Return the otpauth:// address that an authenticator app reads from a QR code."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=_ISSUER)


def is_secret(text: str) -> bool:
    """Tell whether a text is a base32 secret of at least 160 bits."""
    try:
        return len(base64.b32decode(text)) >= _LEAST_BYTES
    except (binascii.Error, ValueError):
        return False


def written_alike(recovery_code: str) -> str:
    """Return a recovery code without what people add or change when they type it."""
    return re.sub("[ -]", "", recovery_code).casefold()
