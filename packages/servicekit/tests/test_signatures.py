"""Webhook signatures: the public verifier takes ours, ours takes the public signer's, and nothing else passes."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from standardwebhooks import Webhook, WebhookVerificationError

from servicekit.signatures import (
    KeyInvalid,
    SignatureInvalid,
    Verified,
    WebhookMalformed,
    new_secret,
    public_jwk,
    public_pem,
    public_text,
    read_private_key,
    read_public_key,
    read_secret,
    sign_bytes,
    sign_v1,
    sign_v1a,
    verify_bytes,
    verify_webhook,
    webhook_headers,
)

SECRET = new_secret()
KEY = Ed25519PrivateKey.generate()
NOW = datetime.now(UTC)
ID, AT, BODY = "0198a7b2-0000-7000-8000-00000000000f", int(NOW.timestamp()), '{"a":"Cần Thơ"}'.encode()


def headers(body: bytes = BODY, at: int = AT, webhook_id: str = ID) -> dict[str, str]:
    signatures = [sign_v1(read_secret(SECRET), webhook_id, at, body), sign_v1a(KEY, webhook_id, at, body)]
    return webhook_headers(webhook_id, at, signatures)


def verify(given: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> Verified:
    return verify_webhook(given, body, now=now, secrets=[read_secret(SECRET)])


def test_the_public_library_takes_our_signature() -> None:
    assert Webhook(SECRET).verify(BODY, headers(at=int(datetime.now(UTC).timestamp()))) == {"a": "Cần Thơ"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers())


def test_we_take_the_public_librarys_signature() -> None:
    signature = Webhook(SECRET).sign(ID, NOW, BODY.decode())
    assert verify(webhook_headers(ID, AT, [signature])) == Verified(ID, AT)


def test_the_example_of_the_specification() -> None:
    """Test vector of the Standard Webhooks reference implementations."""
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign_v1(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


def test_ed25519_verifies_with_the_public_key_alone() -> None:
    public = read_public_key(public_text(KEY.public_key()))
    assert verify_webhook(headers(), BODY, now=NOW, public_keys=[public]) == Verified(ID, AT)
    signature = base64.b64decode(headers()["webhook-signature"].split("v1a,")[1])
    KEY.public_key().verify(signature, f"{ID}.{AT}.".encode() + BODY)  # as any receiver would, by cryptography alone
    with pytest.raises(SignatureInvalid):
        verify_webhook(headers(), BODY, now=NOW, public_keys=[Ed25519PrivateKey.generate().public_key()])


def test_rotation_old_and_new_secret_both_pass_and_unknown_versions_are_passed_over() -> None:
    other = read_secret(new_secret())
    assert verify_webhook(headers(), BODY, now=NOW, secrets=[other, read_secret(SECRET)]).id == ID
    given = headers()
    given["webhook-signature"] = f"v9,abc junk v1 {given['webhook-signature']}"
    assert verify(given).id == ID
    assert verify({name.title(): value for name, value in headers().items()}).id == ID


@pytest.mark.parametrize("seconds", [-301, 301, -(10**9)])
def test_old_and_future_times_are_refused(seconds: int) -> None:
    with pytest.raises(SignatureInvalid):
        verify(headers(), now=NOW + timedelta(seconds=seconds))


def test_changed_parts_are_refused() -> None:
    good = headers()
    with pytest.raises(SignatureInvalid):
        verify(good, BODY.replace(b":", b": "))
    with pytest.raises(SignatureInvalid):
        verify(good | {"webhook-id": "another"})
    with pytest.raises(SignatureInvalid):
        verify(good | {"webhook-timestamp": str(AT + 1)})
    with pytest.raises(SignatureInvalid):
        verify(good | {"webhook-signature": "v1a," + good["webhook-signature"].split()[0][3:]})
    with pytest.raises(SignatureInvalid):
        verify_webhook(good, BODY, now=NOW)  # no key at all


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "a.b"},
        {"webhook-id": ""},
        {"webhook-id": "a" * 129},
        {"webhook-id": "a\n"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "９９９"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,a " * 20},
    ],
)
def test_malformed_headers(change: dict[str, str]) -> None:
    with pytest.raises(WebhookMalformed):
        verify(headers() | change)


def test_missing_headers() -> None:
    for name in headers():
        with pytest.raises(WebhookMalformed):
            verify({key: value for key, value in headers().items() if key != name})


texts = st.text(max_size=40)


@given(texts, texts | st.just(str(AT)), texts | texts.map(lambda text: f"v1,{text}") | texts.map(lambda t: f"v1a,{t}"))
def test_no_header_fails_in_another_way(webhook_id: str, at: str, signature: str) -> None:
    given = {"webhook-id": webhook_id, "webhook-timestamp": at, "webhook-signature": signature}
    with pytest.raises((WebhookMalformed, SignatureInvalid)):
        verify_webhook(given, BODY, now=NOW, secrets=[read_secret(SECRET)], public_keys=[KEY.public_key()])


def test_an_id_that_could_move_the_borders_is_never_signed() -> None:
    with pytest.raises(ValueError, match="webhook id"):
        sign_v1(read_secret(SECRET), "a.1", AT, BODY)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "abc", "whsec_" + base64.b64encode(bytes(23)).decode(), "whsec_*", "whpk_AAAA"]
)
def test_secrets_that_cannot_be_used(text: str) -> None:
    with pytest.raises(KeyInvalid):
        read_secret(text)


def pem(key: Ed25519PrivateKey, encryption: serialization.KeySerializationEncryption) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return key.private_bytes(*form, encryption).decode()


def test_key_forms() -> None:
    raw = KEY.private_bytes_raw()
    plain = pem(KEY, serialization.NoEncryption())
    for text in (plain, "whsk_" + base64.b64encode(raw).decode()):
        assert read_private_key(text).private_bytes_raw() == raw
    public = KEY.public_key()
    assert serialization.load_pem_public_key(public_pem(public).encode()) == public
    jwk = OKPKey.import_key(dict(public_jwk(public)))
    assert jwk.thumbprint() == public_jwk(public)["kid"]
    assert OKPKey.import_key(public_pem(public)).thumbprint() == public_jwk(public)["kid"]


def test_keys_that_cannot_be_used_are_told_without_the_key() -> None:
    elliptic = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    locked = pem(KEY, serialization.BestAvailableEncryption(b"secret"))
    for text in (
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        elliptic.decode(),
        locked,
        "whsk_AAAA",
    ):
        with pytest.raises(KeyInvalid) as caught:
            read_private_key(text)
        assert "AAAA" not in str(caught.value)
    with pytest.raises(KeyInvalid):
        read_public_key("whpk_AAAA")


def test_plain_ed25519() -> None:
    signature = sign_bytes(KEY, b"receipt")
    assert verify_bytes(KEY.public_key(), b"receipt", signature)
    assert not verify_bytes(KEY.public_key(), b"Receipt", signature)
    assert not verify_bytes(KEY.public_key(), b"receipt", b"")
