"""Vietnamese order and search: what a Vietnamese reader expects of lists and of a search box."""

import random
import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from servicekit.vietnamese import contains, plain, sort_key

# Each line is in the order of ICU's collation "vi" (CLDR): letters, then tones, then case.
ORDERS = [
    ["a", "A", "à", "À", "ả", "ã", "á", "ạ", "ă", "ằ", "ẳ", "ẵ", "ắ", "ặ", "â", "ầ", "ẩ", "ẫ", "ấ", "ậ", "b"],
    ["d", "D", "đ", "Đ", "e", "è", "ê", "ề", "g"],
    ["o", "ò", "ô", "ồ", "ơ", "ờ", "p"],
    ["u", "ù", "ư", "ừ", "v"],
    ["ma", "mà", "mả", "mã", "má", "mạ", "mai", "man"],
    ["Cái Khế", "Cái Răng", "Cần Thơ", "Châu Thành", "Cờ Đỏ", "Cù Lao Dung"],
    ["Bình Thủy", "Long Tuyền", "Ninh Kiều", "Ô Môn", "Phong Điền", "Thốt Nốt", "Thới Lai", "Vĩnh Thạnh"],
    ["Tân An", "Tân Bình", "Tân Hòa", "Tân Lộc", "Tấn Tài", "Tần Thủy"],
    ["Đại Hải", "Đại Ngãi", "Đại Thành", "Đông Hiệp", "Đông Phước", "Đông Thuận"],
    ["Phường 1", "Phường 10", "Phường 2", "Phường An Bình"],  # by character, as ICU without numeric order
    ["An", "an bình", "An Bình", "An Cư"],
    ["hoa", "hoà", "hoạ", "hòa"],
    ["", " ", "1", "9", "a"],
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0] or "empty")
def test_order(order: list[str]) -> None:
    shuffled = order.copy()
    random.Random(1).shuffle(shuffled)
    assert sorted(shuffled, key=sort_key) == order


def test_tone_on_an_earlier_letter_weighs_more_than_case() -> None:
    assert sort_key("hòa") < sort_key("hóa") < sort_key("hoàn")
    assert sort_key("an") < sort_key("An") < sort_key("án")


@given(st.text(max_size=40))
def test_any_text_has_a_key_and_forms_do_not_matter(text: str) -> None:
    assert sort_key(unicodedata.normalize("NFD", text)) == sort_key(text)


@given(st.text(alphabet="aăâdđeêoôơuưy àảãáạệốĐA", max_size=12), st.text(alphabet="aăâdđeêoôơuưy", max_size=12))
def test_a_beginning_comes_before_its_continuation(start: str, rest: str) -> None:
    assert sort_key(start) <= sort_key(start + rest)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Đường Nguyễn Văn Cừ", "duong nguyen van cu"),
        ("  NGẬP   NƯỚC\n", "ngap nuoc"),
        ("Ngo\u0323\u0302 Đa\u0300", "ngo da"),
        ("Ô Môn, 100%", "o mon, 100%"),
        ("Đ", "d"),
        ("", ""),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text(max_size=60))
def test_plain_twice_is_plain_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert plain(unicodedata.normalize("NFD", text)) == plain(text)


NAMES = ["Đá Bạc", "Da Lát", "100% nước sạch", "1000 nhà", "Ấp Thới_Bình", "Ấp Thới Bình", "An", "á"]
PLACE = Table("place", MetaData(), Column("name", Text), Column("plain", Text), Column("key", LargeBinary))


async def test_postgresql_orders_and_finds_the_same(made: SimpleNamespace) -> None:
    engine = create_async_engine(made.urls.owner_url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(PLACE.metadata.create_all)
        rows = [{"name": name, "plain": plain(name), "key": sort_key(name)} for name in NAMES]
        await connection.execute(PLACE.insert(), rows)
        ordered = await connection.scalars(select(PLACE.c.name).order_by(PLACE.c.key))
        assert list(ordered) == sorted(NAMES, key=sort_key)

        async def found(query: str) -> set[str]:
            return set(await connection.scalars(select(PLACE.c.name).where(contains(PLACE.c.plain, query))))

        assert await found("da") == {"Đá Bạc", "Da Lát"}
        assert await found("0%") == {"100% nước sạch"}
        assert await found("thới_b") == {"Ấp Thới_Bình"}
        assert await found("\\") == set()
    await engine.dispose()
