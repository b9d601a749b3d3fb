"""The public key of receipts, and a check for people without tools."""

from fastapi import Response

from feedback.api.access import TheOffice
from feedback.api.intake_models import PublicKey, ReceiptIn, ReceiptVerdict
from feedback.sealing import is_our_receipt
from servicekit.routes import new_router
from servicekit.telemetry import quiet

router = new_router("feedback", "receipts")


@router.get("/receipt-key.json", response_model=PublicKey)
async def read_receipt_key(response: Response, office: TheOffice) -> PublicKey:
    """Return the Ed25519 key (JWK) that verifies every receipt of this installation."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return PublicKey.model_validate(office.keys.receipt_jwk)


@router.post("/receipts/verify", response_model=ReceiptVerdict)
@quiet
async def verify_receipt(body: ReceiptIn, office: TheOffice) -> ReceiptVerdict:
    """Say whether a receipt is ours and unchanged; nothing is looked up or stored."""
    valid = body.key_id == office.keys.receipt_jwk["kid"] and is_our_receipt(office.keys, body.payload, body.signature)
    texts = _VALID if valid else _INVALID
    return ReceiptVerdict(valid=valid, message_vi=texts[0], message_en=texts[1])


_VALID = ("Biên nhận do hệ thống này cấp và còn nguyên vẹn.", "The receipt is ours and unchanged.")
_INVALID = (
    "Biên nhận không đúng: nội dung đã bị sửa hoặc không do hệ thống này cấp.",
    "The receipt does not hold: it was changed or is not ours.",
)
