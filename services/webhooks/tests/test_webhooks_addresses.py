"""The table of addresses that must be refused (reliability §6 G), at creation and again when connecting."""

from ipaddress import ip_address

import httpcore
import pytest

from webhooks.domain.addresses import Target, check_address, is_public, read_allowed, read_url
from webhooks.domain.errors import TargetRefused
from webhooks.sending import guard as guard_module
from webhooks.sending.guard import Guard, GuardedBackend

REFUSED_SPELLINGS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "017700000001", "0", "0x7f.1", "127。0。0。1",
    "①②⑦.⓪.⓪.①", "localhost", "localhost.", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[fe80::1]", "postgres", "nats", "oversight", "169.254.169.254", "10.0.0.5", "192.168.1.1",
]  # fmt: skip
REFUSED_ADDRESSES = [
    "127.0.0.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:c0a8:1::1", "fec0::1", "fc00::1", "fe80::1", "ff02::1", "5f00::1", "3fff::1", "100::1", "10.1.2.3",
    "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "169.254.169.254", "192.0.0.1", "192.88.99.1",
    "198.18.0.1", "224.0.0.1", "240.0.0.1", "0.1.2.3", "255.255.255.255", "2001:db8::1", "::", "0.0.0.0",
    "::ffff:10.0.0.1", "2001::1", "203.0.113.5",
]  # fmt: skip
PUBLIC_ADDRESSES = ["8.8.8.8", "1.1.1.1", "113.160.1.1", "2606:4700::1111", "2405:4800::1", "172.32.0.1", "100.128.0.1"]
REFUSED_URLS = [
    "http://8.8.8.8/", "https://good@127.0.0.1/", "https://good\\@127.0.0.1/", "https://127.0.0.1#@good/",
    "https://good.example/\thook", "https://good.example/\nhook", "gopher://good.example/", "file:///etc/passwd",
    "https://good.example:22/", "https://good.example:25/", "https://good.example:5432/", "https://good.example:4222/",
    "https://user:secret@good.example/", "https://good.example:99999/", "https:///hook", "//good.example/", "https://",
    "https://good .example/", "https://", "javascript:alert(1)", "https://[::1", "https://exa_mple.com/",
]  # fmt: skip


@pytest.mark.parametrize("host", REFUSED_SPELLINGS)
async def test_no_spelling_of_an_inside_address_gets_in(host: str) -> None:
    with pytest.raises(TargetRefused):
        await Guard((), ()).check_url(f"https://{host}/hook")


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_an_address_that_is_not_plain_public_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(TargetRefused):
        check_address(Target("https", "name.example", 443), address, (), frozenset())


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_a_public_address_is_let_through(address: str) -> None:
    check_address(Target("https", "name.example", 443), address, (), frozenset())


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_is_more_than_a_plain_https_url_is_refused(url: str) -> None:
    def check() -> None:
        check_address(read_url(url, ()), "8.8.8.8", (), frozenset())

    with pytest.raises(TargetRefused):
        check()


@pytest.mark.parametrize(
    ("entry", "url", "address"),
    [
        ("10.1.0.0/16", "http://10.1.2.3/hook", "10.1.2.3"),
        ("10.1.0.0/16:8080", "http://partner.local:8080/", "10.1.9.9"),
        ("partner.local:8443", "https://partner.local:8443/", "192.168.7.7"),
        ("[fd00::1]:443", "https://[fd00::1]/", "fd00::1"),
        ("127.0.0.1:9999", "http://127.0.0.1:9999/", "127.0.0.1"),
    ],
)
def test_what_the_administrator_allows_passes_and_nothing_beside_it(entry: str, url: str, address: str) -> None:
    allowed = read_allowed(entry)
    target = read_url(url, allowed)
    check_address(target, address, allowed, frozenset())
    with pytest.raises(TargetRefused):
        check_address(Target("http", "elsewhere", target.port), "10.99.0.1", allowed, frozenset())
    with pytest.raises(TargetRefused):
        check_address(target, address, allowed, frozenset({(address, target.port)}))


@pytest.mark.parametrize("entry", ["10.0.0.0/8:x", "a:b:c", "host:123456"])
def test_a_list_that_cannot_be_read_stops_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="ALLOWED_TARGETS"):
        read_allowed(entry)


async def test_a_name_that_turns_inwards_after_saving_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["8.8.8.8"], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    monkeypatch.setattr(guard_module, "_resolve", rebinding)
    guard = Guard((), ())
    await guard.check_url("https://rebinding.example/hook")
    with pytest.raises(TargetRefused):
        await GuardedBackend(guard).connect_tcp("rebinding.example", 443)


async def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    monkeypatch.setattr(guard_module, "_resolve", mixed)
    with pytest.raises(TargetRefused):
        await Guard((), ()).check_url("https://mixed.example/hook")


async def test_a_name_that_does_not_resolve_cannot_be_connected_to() -> None:
    with pytest.raises((httpcore.ConnectError, TargetRefused)):
        await GuardedBackend(Guard((), ())).connect_tcp("does-not-exist.invalid", 443)
