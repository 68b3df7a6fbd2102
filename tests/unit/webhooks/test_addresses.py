"""Which URLs and addresses are called: every way to write our own network is refused."""

from __future__ import annotations

import pytest

from authhost.webhooks.addresses import Target, Unwelcome, forbidden, objection, target_of


@pytest.mark.parametrize(("url", "target"), [
    ("https://shop.example/hook", Target(True, "shop.example", 443, "/hook")),
    ("HTTPS://Shop.Example:8443?a=b&c=%20d", Target(True, "shop.example", 8443, "/?a=b&c=%20d")),
    ("https://xn--bcher-kva.example/", Target(True, "xn--bcher-kva.example", 443, "/")),
    ("https://1.1.1.1/", Target(True, "1.1.1.1", 443, "/")),
    ("https://[2606:4700::1111]:65535/x", Target(True, "2606:4700::1111", 65_535, "/x")),
    ("https://a_b.shop.example//x;y=1", Target(True, "a_b.shop.example", 443, "//x;y=1"))])
def test_a_url_is_taken_apart_once(url: str, target: Target) -> None:
    assert target_of(url) == target
    assert objection(url) == ""


def test_what_a_server_is_told_of_itself() -> None:
    assert target_of("https://shop.example/").authority == "shop.example"
    assert target_of("https://[2606:4700::1111]:8443/").authority == "[2606:4700::1111]:8443"
    assert target_of("https://shop.example:443/").origin == "https://shop.example"


@pytest.mark.parametrize(("url", "why"), [
    ("http://shop.example/", "not https"), ("ftp://shop.example/", "not https"),
    ("//shop.example/", "not https"), ("", "not a URL"), ("https:///x", "no host"),
    ("https://:443/", "no host"), ("https://user@shop.example/", "user information"),
    ("https://shop.example@10.0.0.1/", "user information"), ("https://a:b@c.example/", "user"),
    ("https://shop.example/#", "fragment"), ("https://shop.example/x#y", "fragment"),
    ("https://shop.example:80/", "port 80"), ("https://shop.example:22/", "port 22"),
    ("https://shop.example:0/", "not a port"), ("https://shop.example:65536/", "not a port"),
    ("https://shop.example:/", "not a port"), ("https://shop.example:4 43/", "ASCII"),
    ("https://shop.example:+443/", "not a port"), ("https://shop.example\\@127.0.0.1/", "ASCII"),
    ("https://shop.example/\r\nHost: x", "ASCII"), ("https://shop.example/ x", "ASCII"),
    ("https://bücher.example/", "ASCII"), ("https://shop。example/", "ASCII"),
    ("https://shop.example./", "name"), ("https://shop..example/", "name"),
    ("https://-shop.example/", "name"), ("https://%31%32%37.0.0.1/", "four decimal"),
    ("https://" + "a" * 64 + ".example/", "name"), ("https://" + "a." * 130 + "example/", "name"),
    ("https://shop.example/" + "x" * 2_048, "longer"), ("https://[::1/", "not a URL"),
    ("https://[::1]x/", "not a"), ("https://x[::1]/", "not a"), ("https://[fe80::1%25eth0]/", ""),
    ("https://localhost/", "one part"), ("https://database/", "one part"),
    ("https://api.localhost/", ".localhost"), ("https://printer.local/", ".local"),
    ("https://metadata.google.internal/", ".internal"), ("https://1.0.0.127.in-addr.arpa/", "arpa"),
])
def test_a_url_that_is_not_called(url: str, why: str) -> None:
    assert objection(url), "it is called"
    assert why in objection(url)


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1",
    "0177.0.0.1", "017700000001", "0", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "100.64.0.1", "100.127.255.255",
    "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9", "192.88.99.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "1.1.1", "1.1.1.1.1", "256.1.1.1", "01.1.1.1",
    "shop.1", "0x", "[::]", "[::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::a00:1]", "[64:ff9b:1::1]",
    "[2002:7f00:1::]", "[2002:a00:1::]", "[2001::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]",
    "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[5f00::1]"])
def test_every_way_to_write_a_closed_address(host: str) -> None:
    with pytest.raises(Unwelcome):
        target_of(f"https://{host}/")


@pytest.mark.parametrize("address", [
    "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.0.1.1",
    "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_open(address: str) -> None:
    assert forbidden(address) == ""


def test_a_developers_own_machine() -> None:
    for url in ("http://localhost:8080/x", "http://127.0.0.1/", "https://[::1]:8443/",
                "http://database.internal:5000/", "https://10.0.0.1/"):
        assert objection(url, allow_private=True) == ""
    for url in ("http://0x7f.1/", "http://localhost:22/", "http://224.0.0.1/", "http://0.0.0.0/",
                "http://255.255.255.255/", "file:///x", "http://a@localhost/"):
        assert objection(url, allow_private=True)


@pytest.mark.parametrize("address", ["", "shop.example", "fe80::1%eth0", "1.1.1", "0x7f.0.0.1"])
def test_what_a_name_may_not_lead_to(address: str) -> None:
    assert forbidden(address)
    assert forbidden(address, allow_private=True)
