"""The text of a receipt: what was received, when and by whom, in one canonical form that can be signed.

The form is JSON with sorted keys, no spaces and UTF-8 (RFC 8785 for the strings used here). Whoever holds the
receipt and the published key can check it without us, and so prove elsewhere what was handed in.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

VERSION = "nhipcau-receipt-1"


def receipt_text(
    *,
    code: str,
    text: str,
    files: Sequence[str],
    received_at: datetime,
    body_id: str,
    body_name: str,
    issuer: str,
) -> str:
    """Return the canonical text; `files` are the SHA-256 of the stored photos, in the order they were named."""
    content = {
        "code": code,
        "files_sha256": list(files),
        "issuer": issuer,
        "received_at": received_at.isoformat().replace("+00:00", "Z"),
        "received_by": {"id": body_id, "name": body_name},
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "version": VERSION,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
