"""Which addresses are of the open internet."""

import ipaddress

import pytest

from ostiary.domain.addresses import is_public, is_within

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    # What only looks like IPv6.
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2001:0:7f00:1::f5ff:fffe",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_of_the_open_internet(text: str) -> None:
    assert is_public(text)


@pytest.mark.parametrize("text", PRIVATE)
def test_of_somebody_s_own_network(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "8.8.8.8 ", "1.2.3.4/32"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        is_public(text)


def test_networks_that_an_operator_allows() -> None:
    networks = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]
    assert is_within("10.200.3.4", networks)
    assert is_within("::ffff:10.0.0.1", networks)
    assert is_within("fd12::1", networks)
    assert not is_within("192.168.1.1", networks)
    assert not is_within("2606:4700::1111", networks)
    assert not is_within("10.0.0.1", [])
