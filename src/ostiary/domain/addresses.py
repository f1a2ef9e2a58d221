"""Which internet addresses a request may go to when somebody else has chosen where."""

import ipaddress
from collections.abc import Iterable
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_CLOSED: Final = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "3fff::/20", "5f00::/16"))
)
"""What older versions of `ipaddress` take for open."""

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")


def is_public(text: str) -> bool:
    """
    Whether an address is one of the open internet: not this machine, its networks, or a cloud's inside.

    IPv6 addresses that stand for an IPv4 one (mapped, compatible, 6to4, Teredo, NAT64) are as public as that.

    Raises:
        ValueError: It is no address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    is_translated = address in _NAT64 or getattr(address, "ipv4_mapped", None) is not None
    return (is_translated or _is_open(address)) and all(_is_open(inner) for inner in _inside(address))


def is_within(text: str, networks: Iterable[Network]) -> bool:
    """Raises: ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


def _is_open(address: Address) -> bool:
    is_special = address.is_multicast or address.is_reserved or any(address in each for each in _CLOSED)
    return address.is_global and not is_special


def _inside(address: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that traffic to an IPv6 address may end at."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [each for each in (address.ipv4_mapped, address.sixtofour) if each is not None]
    if address.teredo is not None:
        found.extend(address.teredo)
    if address in _NAT64 or address in _COMPATIBLE:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found
