"""The paths of a failure: servers that die with questions on their way, hosts with bugs, overload.

Knows how servers are stopped and killed, and the bugs of canary_bugs.py.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import iso
from authhost.embedded import children_of
from tests.e2e import canary_bugs
from tests.e2e.canary_paths import PLAIN, SEALED, Canary
from tests.support import web
from tests.support.wire import Wire

_BUG_S = 0.7  # a message with a bug is answered by silence


def servers_die(canary: Canary) -> None:
    """HSM and Valkey, stopped with questions on their way, then killed."""
    for server in (canary.bench.servers.hsm, canary.bench.servers.valkey):
        messages = [canary.sale(pin=canary.block("dukpt T")) for _ in range(8)]
        with dying(server):
            said = canary.ask(*messages, canary.sale(canary.unknown), silence_s=2.5)
        assert "000" not in said, said
        assert {"907"} <= set(said) or "" in said
    until_answered(canary)


def journal_dies(canary: Canary) -> None:
    """PostgreSQL stopped with a batch on its way, overload, then killed."""
    framing, codec = iso.get("ifsf").framing, iso.get("ifsf").codec
    data = [b"".join(framing.wrap(codec.encode(canary.sale(mti="1220"))) for _ in range(64))
            for _ in range(66)]

    async def flood() -> int:
        wires = [await Wire.connect(canary.bench.ports["ifsf:0"]) for _ in data]
        for wire, frames in zip(wires, data, strict=True):
            await wire.send(frames)
        refused = 0
        for wire in wires[-2:]:
            body = await wire.body()
            refused += body is not None and codec.decode(body).fields[39] == "907"
        for wire in wires:
            await wire.close()
        return refused

    with dying(canary.bench.servers.postgres):
        assert canary.bench.run(flood()) >= 1
    canary.messages["ifsf"] += 64 * len(data)
    until_answered(canary)


@contextmanager
def dying(server: Any) -> Iterator[None]:
    """Stopped, so that what is asked is on its way; then killed, then back."""
    for pid in (server.pid, *children_of(server.pid)):
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        server.kill()
        server.run()


def until_answered(canary: Canary) -> None:
    """The host finds its servers again by itself."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if canary.ask(canary.sale(canary.blocked)) == ["104"]:
            return
        time.sleep(0.1)
    raise AssertionError("the host did not come back")


def clumsy(canary: Canary) -> None:
    """Bugs with a message in scope and its values in their texts, at every door and at a batch."""
    host = canary.bench.speak_to("clumsy")
    first = canary_bugs.FIRST_AMOUNT
    canary.ask(*(canary.sale(amount=first + at, fields={52: canary.noise})
                 for at in range(len(canary_bugs.BUGS))), silence_s=_BUG_S)
    assert canary.post("/v1/sales", web.sale(canary.card, canary_bugs.JSON_AMOUNT)) == [500]
    canary.ask(canary.sale(amount=canary_bugs.ROW_AMOUNT),
               canary.sale(amount=canary_bugs.ROW_AMOUNT, mti="1220"), silence_s=_BUG_S)
    log = host.log.read_text()
    assert log.count("message failed") >= 6
    assert "request failed" in log
    for told in ("KeyError", "AssertionError", "an odd track", "its track is", "ExceptionGroup"):
        assert told in log, told


def leaky(canary: Canary) -> None:
    """A host without its protection, with secrets that may be found, and must be."""
    canary.vault.label = "planted "
    canary.hold(PLANTED_PANS, "648203917564", "917350284619")
    canary.bench.speak_to("leaky")
    keys = canary.keys["T"]
    canary.ask(canary.sale(pin=canary.block("zone")), canary.sale(), canary.sale(mti="1220"),
               canary.sealed(canary.sale(mti="1220", terminal=SEALED["T"]), keys)[:-1] + b"?",
               canary.sale(canary.unknown, terminal=PLAIN), silence_s=_BUG_S)
    canary.bench.redis("SET", canary.card.pan, canary.tracks[canary.card.pan])


PLANTED_PANS = ("708346461928350517", "708346529174836207", "708346615382904716",
                "708346973528164093")
FAILURES: tuple[Callable[[Canary], None], ...] = (servers_die, journal_dies, clumsy)
