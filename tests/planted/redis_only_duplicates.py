"""Breaks invariant 3: Redis alone remembers answers, and the journal takes a key twice."""

from __future__ import annotations

import sys

import msgspec

from authhost.authorize import Authorizer, Busy, Silence
from authhost.journal import append
from authhost.model import Request
from authhost.repeats import Render, Reply
from authhost.state.client import StateUnavailable, StateUnknown
from tests.planted import Patch, changed, serve

_CLAIMED = "(SELECT key, refers_to FROM aliased)) ORDER BY key\n    ON CONFLICT DO NOTHING"
_AGAIN = """(SELECT key, refers_to FROM aliased)) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET answer = EXCLUDED.answer, state = EXCLUDED.state"""


def plant(patch: Patch) -> None:
    """A repeat is answered from Redis, or it is a new message; no claim refuses it."""
    real = Authorizer.authorize

    async def authorize(self: Authorizer, request: Request, render: Render) -> Reply:
        client = self.accounts._client
        try:
            known = await client.call("GET", f"answer:{request.key}")
            if known is not None:
                return Reply(known[3:], known[:3].decode())
            reply = await real(self, msgspec.structs.replace(request, repeat=False), render)
            await client.call("SET", f"answer:{request.key}", reply.action.encode() + reply.body)
        except StateUnavailable as error:
            raise Busy(str(error)) from None
        except StateUnknown as error:
            raise Silence(str(error)) from None
        return reply

    patch(Authorizer, "authorize", authorize)
    patch(append, "_APPEND", changed(append._APPEND, _CLAIMED, _AGAIN))


if __name__ == "__main__":
    sys.exit(serve(plant))
