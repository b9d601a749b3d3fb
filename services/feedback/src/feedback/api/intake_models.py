"""What people send in and what they get back at once."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from feedback.actions.submit import Draft
from servicekit.deadline_answers import PinnedRuleAnswer
from servicekit.text import Answer, ApiModel, Code, Coded, Flag, PersonName, SafeLine, SafeText, Text, Uuid

Phone = Annotated[str, Coded(r"\+?[0-9][0-9 .()-]{6,19}", max_length=21)]
Email = Annotated[str, Coded(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", max_length=200)]
UnitCode = Annotated[str, Coded("[0-9]{5}", max_length=5)]
IdentityMode = Literal["anonymous", "confidential", "named"]


class Contact(ApiModel):
    """Who sends it; kept sealed and apart, shown to staff only by a reveal with a reason."""

    name: PersonName
    phone: Phone | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _reachable(self) -> "Contact":
        if self.phone is None and self.email is None:
            raise ValueError("phone or email")
        return self


def _is_true(agreed: bool) -> bool:
    if not agreed:
        raise ValueError("consent is needed")
    return agreed


class Consent(ApiModel):
    """What the sender agreed to: never pre-ticked, silence is no consent (Law 91/2025/QH15 Art. 9)."""

    purpose: Literal["feedback_handling"]
    text_version: Annotated[Code, Field(description="Version of the consent text that was shown.")]
    agreed: Annotated[Flag, AfterValidator(_is_true), Field(description="Must be true.")]


class SubmissionIn(ApiModel):
    """A submission (phản ánh, kiến nghị). Name the commune by `unit_code` or `unit_id`."""

    identity_mode: IdentityMode
    unit_code: Annotated[UnitCode | None, Field(description="Code of the commune of today, five digits.")] = None
    unit_id: Uuid | None = None
    title: SafeLine | None = None
    text: SafeText
    place: Annotated[SafeLine | None, Field(description="Where it is, in words.")] = None
    attachments: list[Uuid] = Field(default_factory=list, max_length=10, description="`upload_id` of each photo.")
    contact: Contact | None = None
    consent: Consent

    @model_validator(mode="after")
    def _unit_named(self) -> "SubmissionIn":
        if self.unit_code is None and self.unit_id is None:
            raise ValueError("unit_code or unit_id")
        return self

    def draft(self) -> Draft:
        """Return it in the words of the action."""
        return Draft(
            identity_mode=self.identity_mode,
            unit_id=self.unit_id,
            unit_code=self.unit_code,
            title=self.title,
            text=self.text,
            place=self.place,
            contact=self.contact.model_dump() if self.contact else None,
            attachments=tuple(dict.fromkeys(self.attachments)),
            consent_purpose=self.consent.purpose,
            consent_text_version=self.consent.text_version,
        )


class Upload(Answer):
    """A stored photo."""

    upload_id: UUID
    sha256: Annotated[str, Field(description="Of the photo as it is kept, without its metadata.")]
    media_type: str
    size: Annotated[int, Field(description="Bytes.")]


class ReceiptAnswer(Answer):
    """Proof of what was handed in; verifiable offline with the key of GET receipt-key.json."""

    payload: Annotated[str, Field(description="Canonical JSON; the signed bytes are exactly these, in UTF-8.")]
    signature: Annotated[str, Field(description="Ed25519, in hex.")]
    key_id: Annotated[str, Field(description="RFC 7638 thumbprint of the public key.")]


class BodyAnswer(Answer):
    """An organisation."""

    id: UUID
    name: str


class SubmissionTicket(Answer):
    """What the sender keeps. The secret is shown this once; lost is lost."""

    code: str
    secret: str
    status: str
    received_at: Annotated[datetime, Field(description="For anonymous senders only the hour.")]
    received_by: BodyAnswer
    status_due_on: Annotated[date, Field(description="By when the sender is told what becomes of it (FB.STATUS).")]
    status_due_provisional: bool
    status_due_note_vi: str | None
    status_due_note_en: str | None
    status_rule: PinnedRuleAnswer
    receipt: ReceiptAnswer
    message_vi: str
    message_en: str


class ReceiptIn(ApiModel):
    """A receipt to check."""

    payload: Annotated[str, Text(max_length=8000)]
    signature: Annotated[str, Coded("[0-9a-f]{128}", max_length=128)]
    key_id: Annotated[str, Coded("[A-Za-z0-9_-]{43}", max_length=43)]


class ReceiptVerdict(Answer):
    """Whether a receipt is ours and unchanged."""

    valid: bool
    message_vi: str
    message_en: str


class PublicKey(Answer):
    """The key that verifies receipts (JWK, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str
