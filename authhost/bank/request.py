"""The two requests to a bank, as bytes: credit this, and what became of that.

PURE. HTTP/1.1 (RFC 9112); docs/banks.md has the interface. A status is asked by the EndToEndId.
"""

from __future__ import annotations

from authhost.bank.banks import Place


class Requests:
    """Of one bank."""

    def __init__(self, place: Place) -> None:
        host = f"[{place.host}]" if ":" in place.host else place.host
        common = f"Host: {host}:{place.port}\r\nAccept: application/xml\r\n"
        self._credit = (f"POST {place.path}/payments HTTP/1.1\r\n{common}"
                        "Content-Type: application/xml\r\nContent-Length: ").encode("ascii")
        self._status = f"GET {place.path}/payments/".encode("ascii")
        self._status_end = f" HTTP/1.1\r\n{common}\r\n".encode("ascii")

    def credit(self, message: bytes) -> bytes:
        """POST /payments with a pain.001."""
        return b"%s%d\r\n\r\n%s" % (self._credit, len(message), message)

    def status(self, end_to_end_id: str) -> bytes:
        """GET /payments/{EndToEndId}. The id has letters and digits alone."""
        assert end_to_end_id.isalnum(), end_to_end_id
        return b"%s%s%s" % (self._status, end_to_end_id.encode("ascii"), self._status_end)
