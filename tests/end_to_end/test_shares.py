"""A share of a split ward is entered at the registry, and the figures restated by another service follow."""

import uuid
from typing import Any

from devstack.access.tokens import Minter
from devstack.demo.client import Client, eventually
from devstack.demo.people import city_organisation, commune_organisation
from devstack.stack import Stack

BUI_HUU_NGHIA, CAI_KHE = "31178", "31120"
SOURCE = "Biên bản bàn giao 12/BB-UBND"


async def test_an_entered_share_reaches_the_series(house: Stack, minter: Minter, nobody: Client) -> None:
    front = await city_organisation(nobody, "front_committee")

    def somebody(role: str) -> Client:
        return Client(house.base_url, role, minter.token(role, front, subject=str(uuid.uuid4()), kind="person"))

    admin, reader = somebody("administrator"), somebody("auditor")
    heir = await commune_organisation(nobody, "front_committee", CAI_KHE)
    ward = (await nobody.get(f"/registry/codes/{BUI_HUU_NGHIA}", on="2025-06-30"))["unit"]["id"]
    path = f"/registry/units/{ward}/shares"

    async def source_of_the_part() -> Any:
        series = await reader.get("/targets/indicators/TGT-01/series", organisation_id=heir, view="restated")
        return next(one for one in series["lineage"] if "Bùi Hữu Nghĩa" in one["name"])

    before = await source_of_the_part()
    assert (before["share"], before["known_share"]) == (None, "0")
    told, match = await nobody.read(path)
    assert {share["ratio"] for share in told["shares"]} == {None}
    ratios = {"Phường Cái Khế": "0.35", "Phường Bình Thủy": "0.65"}
    shares = [
        {"successor_id": share["successor_id"], "ratio": ratios[share["successor_name"]], "ratio_source": SOURCE}
        for share in told["shares"]
    ]
    body = {"reason_code": "first_known", "shares": shares}
    await somebody("auditor").refused("PUT", path, 403, json=body, headers=match)
    await admin.put(path, body, match)
    await admin.refused("PUT", path, 412, json=body, headers=match)

    async def arrived() -> Any:
        found = await source_of_the_part()
        return found if found["share"] is not None else None

    after = await eventually("the share at the series", arrived)
    assert (after["share"], after["estimated"], after["confidence"]) == ("0.35", True, "inferred")
    [step] = after["shares"]
    assert (step["ratio_source"], step["inherited"]) == (SOURCE, True)
    earlier = await nobody.get(f"{path}/history")
    assert {each["ratio"] for each in earlier} == {None}
