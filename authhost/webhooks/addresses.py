"""Where we may call: which URLs, and which addresses their names may lead to.

PURE: knows RFC 3986 as far as these URLs use it, and the registries of special addresses (IANA,
RFC 6890); asks no server for names. Who may name a URL (a merchant's callback, a phone's push
service) could point it at us: at our database, at the cloud's own desk under 169.254.169.254. So a
URL is taken apart once, by one reader; what it found is what is called; and each address that the
name leads to is judged again when the connection is made (outgoing.py).
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec

LONGEST: Final = 2_048
_PLAIN: Final = re.compile(r"[!-~]+")
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_LONGEST_NAME: Final = 253
_OPEN_PORT: Final = 443  # and those that no system service has
_LEAST_PORT: Final = 1_024
# Names of nobody's in the public tree: RFC 6761, 6762, 7686, 8375, ICANN on .internal.
_LOCAL: Final = frozenset({"local", "localhost", "localdomain", "internal", "intranet", "lan",
                           "home", "corp", "private", "arpa", "onion"})

# Not for the public: the registry of special IPv4 addresses, and multicast.
_CLOSED_4: Final = tuple(map(IPv4Network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4")))
# Of IPv6 only what is given out as global unicast is public, and not all of that.
_GLOBAL_6: Final = IPv6Network("2000::/3")
_CLOSED_6: Final = tuple(map(IPv6Network, (
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")))
# In these there is an IPv4 address in the last 32 bits, and that one counts: RFC 4291 and 6052.
_WITH_4: Final = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_NEVER: Final = "an address that nobody can be called at"


class Target(msgspec.Struct, frozen=True, gc=False):
    """A URL taken apart. host: in lower case, an IPv6 address without brackets; path: with query.
    """

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the header Host has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """RFC 6454."""
        return f"{'https' if self.tls else 'http'}://{self.authority}"


class Unwelcome(Exception):
    """A URL or address that is not called; what is wrong with it."""


def objection(url: str, *, allow_private: bool = False) -> str:
    """What speaks against calling a URL, in words; '' where nothing does."""
    try:
        target_of(url, allow_private=allow_private)
    except Unwelcome as unwelcome:
        return str(unwelcome)
    return ""


def target_of(url: str, *, allow_private: bool = False) -> Target:
    """What a URL means. allow_private: http, own machine and own network may be called too, for a
    developer and for tests. Unwelcome."""
    if len(url) > LONGEST:
        raise Unwelcome(f"longer than {LONGEST} characters")
    # A backslash is a slash to some readers: whoever reads it differently calls another host.
    if not _PLAIN.fullmatch(url) or "\\" in url:
        raise Unwelcome("not a URL of printable ASCII: write names as xn--..., the rest as %..")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Unwelcome("not a URL") from None
    scheme = parts.scheme.lower()
    if scheme != "https" and not (allow_private and scheme == "http"):
        raise Unwelcome("not https")
    if "#" in url:
        raise Unwelcome("it has a fragment")
    if "@" in parts.netloc:
        raise Unwelcome("it has user information")
    host, port = _host_and_port(parts.netloc, 443 if scheme == "https" else 80)
    if port < _LEAST_PORT and port != _OPEN_PORT and not (allow_private and port == 80):
        raise Unwelcome(f"port {port}: {_OPEN_PORT}, or {_LEAST_PORT} and above")
    _check_host(host, allow_private=allow_private)
    host = host.strip("[]")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme == "https", host, port, path)


def forbidden(address: str, *, allow_private: bool = False) -> str:
    """What speaks against connecting to an IP address, in words; '' where nothing does."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return "no address"
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            return "an address of one link"
        if any(found in network for network in _WITH_4):
            found = IPv4Address(int(found) & 0xFFFF_FFFF)
    if found.is_multicast or found.is_unspecified or int(found) == 0xFFFF_FFFF:
        return _NEVER
    if allow_private:
        return ""
    if isinstance(found, IPv4Address):
        closed = any(found in network for network in _CLOSED_4)
    else:
        closed = found not in _GLOBAL_6 or any(found in network for network in _CLOSED_6)
    return "an address that is private, local or reserved" if closed else ""


def _host_and_port(netloc: str, default: int) -> tuple[str, int]:
    """(host, port). Unwelcome."""
    host, bracket, rest = netloc.lower().rpartition("]")
    if bracket:
        if not host.startswith("["):
            raise Unwelcome("not a host")
        host, colon, port = f"[{host[1:]}]", rest[:1], rest[1:]
        if rest and colon != ":":
            raise Unwelcome("not a host")
    else:
        host, colon, port = netloc.lower().partition(":")
    if not host:
        raise Unwelcome("it has no host")
    if not colon:
        return host, default
    if not _PORT.fullmatch(port) or not 0 < int(port) <= 65_535:
        raise Unwelcome("not a port")
    return host, int(port)


def _check_host(host: str, *, allow_private: bool) -> None:
    if host.startswith("["):
        _check_address(host[1:-1], allow_private=allow_private)
        return
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # What ends in a number is an IPv4 address to every reader; 0177.1, 0x7f.1 and 2130706433
        # are forms of 127.0.0.1 to most. One form is enough.
        if not all(label.isdecimal() and str(int(label)) == label and len(label) <= 3
                   for label in labels) or len(labels) != 4:
            raise Unwelcome("an IPv4 address that is not written as four decimal numbers")
        _check_address(host, allow_private=allow_private)
        return
    if len(host) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise Unwelcome("not a host's name")
    if allow_private:
        return
    if len(labels) == 1:
        raise Unwelcome("a name of one part: it is no public one")
    if labels[-1] in _LOCAL:
        raise Unwelcome(f"names in .{labels[-1]} are no public ones")


def _check_address(text: str, *, allow_private: bool) -> None:
    why = forbidden(text, allow_private=allow_private)
    if why:
        raise Unwelcome(why)
