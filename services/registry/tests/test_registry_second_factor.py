"""The second factor: enrolment, single use, recovery codes, and roles that decide being withheld without it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from pyotp import TOTP

from .conftest import ADMIN_PASSWORD, ADMIN_TOTP_SECRET, API, House, bearer, if_match

NewPerson = Callable[..., Awaitable[dict[str, Any]]]


async def with_password(house: House, person: dict[str, Any], **more: str) -> httpx.Response:
    return await house.token(grant_type="password", username=person["username"], password=person["password"], **more)


async def test_roles_that_decide_are_withheld_until_an_app_is_enrolled(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("administrator", "intake_officer", "verifier"), enrolled=False)
    first = (await with_password(house, person)).json()
    assert first["withheld_roles"] == ["administrator", "verifier"]
    assert first["must_enrol_second_factor"] is True
    headers = bearer(first["access_token"])
    me = (await house.http.get(f"{API}/me", headers=headers)).json()
    assert [grant["role"] for grant in me["grants"]] == ["intake_officer"]
    assert (me["withheld_roles"], me["second_factor_enrolled"]) == (["administrator", "verifier"], False)
    assert (await house.http.get(f"{API}/accounts", headers=headers)).status_code == 403
    refreshed = await house.token(grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert refreshed.json()["withheld_roles"] == ["administrator", "verifier"]
    headers = bearer(refreshed.json()["access_token"])
    assert (await house.http.get(f"{API}/accounts", headers=headers)).status_code == 403

    secret, _ = await house.enrol(headers, person["password"])
    after = await house.token(grant_type="refresh_token", refresh_token=refreshed.json()["refresh_token"])
    assert after.json()["withheld_roles"] == []
    headers = bearer(after.json()["access_token"])
    assert (await house.http.get(f"{API}/accounts", headers=headers)).status_code == 200
    me = (await house.http.get(f"{API}/me", headers=headers)).json()
    assert (me["withheld_roles"], me["second_factor_enrolled"]) == ([], True)
    assert [grant["role"] for grant in me["grants"]] == ["administrator", "intake_officer", "verifier"]
    again = await house.sign_in(person["username"], person["password"], secret)
    assert (again["withheld_roles"], again["must_enrol_second_factor"]) == ([], False)
    next_one = await house.token(grant_type="refresh_token", refresh_token=again["refresh_token"])
    assert next_one.json()["withheld_roles"] == [], "the session remembers its second factor"


async def test_reading_me_stays_within_three_statements(house: House) -> None:
    assert await house.statements(lambda: house.http.get(f"{API}/me", headers=house.admin)) <= 3


async def test_who_is_enrolled_needs_the_code_and_only_after_the_password_was_right(
    house: House, new_person: NewPerson
) -> None:
    person = await new_person(roles=("head",))
    missing = await with_password(house, person)
    assert (missing.status_code, missing.json()["code"]) == (401, "second_factor_required")
    wrong = await with_password(house, person, totp="000000")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "second_factor_required")
    code = await house.unused_code(person["username"], person["secret"])
    guessed = await house.token(grant_type="password", username=person["username"], password="sai", totp=code)
    assert (guessed.status_code, guessed.json()["code"]) == (401, "wrong_credentials")
    right = await with_password(house, person, totp=code)
    assert right.status_code == 200, "a code sent with a wrong password is not used up"


async def test_wrong_codes_are_throttled_like_wrong_passwords(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("head",))
    answers = [(await with_password(house, person, totp=f"00000{number}")).status_code for number in range(6)]
    assert answers == [401] * 5 + [429]


async def test_each_time_step_is_good_once(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("head",))
    [row] = await house.rows("SELECT totp_last_step FROM account WHERE id = $1", person["id"])
    step, codes = row["totp_last_step"], TOTP(person["secret"])
    confirmed = await with_password(house, person, totp=codes.generate_otp(step))
    assert confirmed.status_code == 401, "the code that confirmed the enrolment"
    later = codes.generate_otp(step + 1)
    answers = await asyncio.gather(*(with_password(house, person, totp=later) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    earlier = await with_password(house, person, totp=codes.generate_otp(step))
    assert earlier.status_code == 401, "a step before the last used one"


async def test_a_recovery_code_replaces_the_app_once_also_of_many_at_once(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("head",))
    assert len(set(person["recovery_codes"])) == 10
    one, other = person["recovery_codes"][:2]
    answers = await asyncio.gather(*(with_password(house, person, recovery_code=one) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    [session] = [answer.json() for answer in answers if answer.status_code == 200]
    assert session["withheld_roles"] == []
    typed = other.upper().replace("-", " ")
    assert (await with_password(house, person, recovery_code=typed)).status_code == 200
    [left] = await house.rows("SELECT count(*) FROM recovery_code WHERE account_id = $1 AND used_at IS NULL",
                              person["id"])  # fmt: skip
    assert left["count"] == 8


async def test_somebody_elses_recovery_code_is_worth_nothing(house: House, new_person: NewPerson) -> None:
    person, other = await new_person(roles=("head",)), await new_person(roles=("head",))
    assert (await with_password(house, person, recovery_code=other["recovery_codes"][0])).status_code == 401


async def test_another_app_needs_password_and_present_factor_and_ends_other_sessions(
    house: House, new_person: NewPerson
) -> None:
    person = await new_person(roles=("head",))
    elsewhere = await house.sign_in(person["username"], person["password"], person["secret"])
    here = await house.sign_in(person["username"], person["password"], person["secret"])
    headers = bearer(here["access_token"])
    address = f"{API}/me/totp"
    wrong = await house.http.post(address, headers=headers, json={"current_password": "không phải"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    bare = await house.http.post(address, headers=headers, json={"current_password": person["password"]})
    assert (bare.status_code, bare.json()["code"]) == (401, "second_factor_required")
    code = person["recovery_codes"][0]
    body = {"current_password": person["password"], "recovery_code": code}
    begun = await house.http.post(address, headers=headers, json=body)
    assert begun.status_code == 200
    assert begun.json()["otpauth"].startswith("otpauth://totp/")
    assert (await house.sign_in(person["username"], person["password"], person["secret"]))["access_token"], (
        "the old app counts until the new one is confirmed"
    )
    unfit = await house.http.post(f"{address}/confirm", headers=headers, json={"totp": "000000"})
    assert (unfit.status_code, unfit.json()["code"]) == (409, "not_enrolling")
    fits = TOTP(begun.json()["secret"]).at(house.clock.now())
    done = await house.http.post(f"{address}/confirm", headers=headers, json={"totp": fits})
    assert done.status_code == 200
    gone = await house.token(grant_type="refresh_token", refresh_token=elsewhere["refresh_token"])
    assert gone.status_code == 401
    kept = await house.token(grant_type="refresh_token", refresh_token=here["refresh_token"])
    assert kept.status_code == 200
    old = await with_password(house, person, totp=await house.unused_code(person["username"], person["secret"]))
    assert old.status_code == 401
    assert (await with_password(house, person, recovery_code=person["recovery_codes"][1])).status_code == 401


async def test_an_administrator_takes_a_lost_app_off(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("head",))
    session = await house.sign_in(person["username"], person["password"], person["secret"])
    address = f"{API}/accounts/{person['id']}/second-factor"
    assert (await house.http.delete(address, headers=house.admin)).status_code == 428
    done = await house.http.delete(address, headers=house.admin | if_match(person["version"]))
    assert (done.status_code, done.json()["totp_set_at"]) == (200, None)
    refused = await house.token(grant_type="refresh_token", refresh_token=session["refresh_token"])
    assert refused.status_code == 401
    assert (await with_password(house, person)).json()["withheld_roles"] == ["head"]
    twice = await house.http.delete(address, headers=house.admin | if_match(person["version"] + 1))
    assert twice.status_code == 409
    audited = await house.rows("SELECT actor_id FROM audit_entry WHERE subject_id = $1 AND action = $2",
                               person["id"], "account.second_factor_reset")  # fmt: skip
    assert len(audited) == 1
    assert not await house.rows("SELECT 1 FROM recovery_code WHERE account_id = $1", person["id"])


async def test_secrets_are_sealed_and_recovery_codes_hashed(house: House, new_person: NewPerson) -> None:
    person = await new_person(roles=("head",))
    for table in ("account", "recovery_code", "audit_entry", "outbox", "idempotency_key"):
        for row in await house.rows(f"SELECT {table}::text AS line FROM {table}"):
            for secret in (person["secret"], ADMIN_TOTP_SECRET, *person["recovery_codes"]):
                assert secret not in row["line"]
                assert secret.encode().hex() not in row["line"]


async def test_quantri_signs_in_with_the_code_of_the_settings(house: House) -> None:
    quantri = {"username": "quantri", "password": ADMIN_PASSWORD}
    assert (await with_password(house, quantri)).json()["code"] == "second_factor_required"
    assert (await house.sign_in("quantri", ADMIN_PASSWORD, ADMIN_TOTP_SECRET))["withheld_roles"] == []
    body = {"current_password": ADMIN_PASSWORD}
    answer = await house.http.post(f"{API}/me/totp", headers=house.admin, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "managed_by_settings")
