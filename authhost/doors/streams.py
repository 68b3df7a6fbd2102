"""Server-sent events (WHATWG HTML, 9.2) as a handler answers with them. PURE: text, no socket.

    return events(hub.merchant(merchant_id))

A handler's whole work: the connection is the stream of that subscription until the peer goes, its
certificate is revoked, or the host stops. A Source is told where to put its pieces (`begin`) and
when not to (`end`); whoever has news makes one `piece` and puts it into every listener. Nothing is
awaited and nothing is kept: `put` writes, and a peer that does not read is gone.
"""

from __future__ import annotations

from typing import Final

from authhost.doors.response import Response, Source

ALIVE: Final = b":\n\n"  # a comment: nobody's event, and every proxy sees that the peer lives
# no-store: an event is true now; x-accel-buffering: a proxy that gathers answers shall not.
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


def events(source: Source) -> Response:
    """The answer that does not end: what a source tells, as it comes."""
    return Response(headers=_HEADERS, media_type="text/event-stream", source=source)


def piece(event: str, event_id: str, data: bytes) -> bytes:
    """One event. data: one line of UTF-8, as JSON of msgspec is."""
    assert len(data.splitlines()) == 1, "a line's end would begin another field"
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event_id.encode(), event.encode(), data)


def come_again(after_ms: int) -> bytes:
    """How long the peer waits before it connects again, once the stream has ended."""
    return b"retry: %d\n\n" % after_ms
