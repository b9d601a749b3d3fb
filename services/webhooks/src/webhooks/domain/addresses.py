"""Which addresses webhooks may go to: public ones, and what an administrator allowed by name or network.

`ipaddress.is_global` is no address filter: on Python 3.11 it calls 6to4, NAT64, multicast and more "global". So the
rule here is the other way round: refuse unless the address is plain global unicast.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from webhooks.domain.errors import TargetRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_REFUSED_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_UNICAST_6 = IPv6Network("2000::/3")
_REFUSED_NETWORKS_6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)
_REFUSED_PORTS = frozenset({22, 23, 25, 53, 110, 143, 389, 445, 465, 587, 993, 995, 1433, 2049, 2375, 2376, 3306, 3389,
                            4222, 5432, 5672, 6222, 6379, 8222, 9092, 9200, 11211, 27017})  # fmt: skip
_HOST = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?$|^\[[0-9a-f:.]+\]$", re.IGNORECASE)
OUR_NAMES = frozenset(
    {"localhost", "postgres", "nats", "caddy", "gateway", "registry", "targets", "feedback", "oversight", "webhooks"}
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points: scheme, host as written (lower case, without brackets), port."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """One entry of the administrators' list: a host name or a network, at one port or any."""

    host: str | None
    network: Network | None
    port: int | None


def read_allowed(text: str) -> tuple[Allowed, ...]:
    """Read "10.1.0.0/16,partner.local:8443,[fd00::1]:443". Raises ValueError naming the entry."""
    return tuple(_allowed(entry.strip()) for entry in text.split(",") if entry.strip())


def _allowed(entry: str) -> Allowed:
    match = re.fullmatch(r"(?P<host>\[[^\]]+\]|[^:]+|[0-9a-fA-F:]+/\d+)(?::(?P<port>\d{1,5}))?", entry)
    if match is None:
        raise ValueError(f"ALLOWED_TARGETS: cannot read {entry!r}")
    host, port = match["host"].strip("[]"), int(match["port"]) if match["port"] else None
    try:
        return Allowed(None, ip_network(host), port)
    except ValueError:
        return Allowed(host.lower().rstrip("."), None, port)


def read_url(url: str, allowed: Iterable[Allowed]) -> Target:
    """Return where the URL points. Raises TargetRefused for anything but a plain https (or allowed http) URL."""
    if not url.isascii() or not url.isprintable() or any(mark in url for mark in "\\ \t#@"):
        raise TargetRefused(why="url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise TargetRefused(why="url") from None
    if parts.scheme not in ("https", "http") or not _HOST.match(f"[{host}]" if ":" in host else host):
        raise TargetRefused(why="url")
    target = Target(parts.scheme, host.lower().rstrip("."), port)
    named = _named(target, allowed)
    if target.host in OUR_NAMES or (port in _REFUSED_PORTS and not named):
        raise TargetRefused(why="host" if target.host in OUR_NAMES else "port")
    return target


def check_address(target: Target, address: str, allowed: Iterable[Allowed], house: frozenset[tuple[str, int]]) -> None:
    """Check one resolved address of a target; `house` are our own (address, port) pairs. Raises TargetRefused."""
    found = _plain(ip_address(address.partition("%")[0]))
    if (str(found), target.port) in house:
        raise TargetRefused(why="house")
    entries = tuple(allowed)
    if _named(target, entries) or any(_covers(entry, found, target.port) for entry in entries):
        return
    if target.scheme != "https":
        raise TargetRefused(why="http")
    if not is_public(found):
        raise TargetRefused(why="address")


def is_public(address: Address) -> bool:
    """Say whether an address is plain global unicast, after unwrapping IPv4 in IPv6."""
    found = _plain(address)
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _REFUSED_NETWORKS)
    return found in _GLOBAL_UNICAST_6 and not any(found in network for network in _REFUSED_NETWORKS_6)


def _plain(address: Address) -> Address:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _named(target: Target, allowed: Iterable[Allowed]) -> bool:
    return any(entry.host == target.host and entry.port in (None, target.port) for entry in allowed)


def _covers(entry: Allowed, address: Address, port: int) -> bool:
    return entry.network is not None and address in entry.network and entry.port in (None, port)
