"""Several HSMs behind one call: who is well is asked, who is not is left out until it answers.

Knows links, pauses and deadlines; knows no command but the diagnosis (NC) that it probes with. All
HSMs of a pool have the same local master key, or a key block would be good in one of them alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import Final

import structlog

from authhost import limits
from authhost.hsm.address import HsmAddress
from authhost.hsm.errors import HsmUnavailable
from authhost.hsm.link import Link, LinkLost, Overdue
from authhost.metrics import Histogram

_log = structlog.get_logger()
_PROBE: Final = b"NC"
_UNAVAILABLE: Final = b"unavailable"
_FULL: Final = b"full"
_FAULT: Final = b"41"  # the HSM's own fault; whoever answers so is quick, and would get all calls
_KCV_END: Final = 20  # of an answer to NC: letters, error, check value of the LMK (16)
_LATENCIES_S: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)


class _Unit:
    """One HSM of the pool, kept connected. link is None while it may not be asked."""

    def __init__(self, address: HsmAddress) -> None:
        self.address = address
        self.link: Link | None = None
        self.gone = asyncio.Event()
        self.why = "not connected yet"  # '' while it may be asked
        self.was_refused = False  # and that was said


class HsmPool:
    """Calls go to the HSM with the fewest on their way.

    random: 0 <= number < 1, spreads reconnects. tls: the client's context, for hsms addresses.
    """

    def __init__(self, addresses: tuple[HsmAddress, ...], random: Callable[[], float],
                 tls: ssl.SSLContext | None = None) -> None:
        assert addresses, "an HSM at least"
        self._units = [_Unit(address) for address in addresses]
        self._random = random
        self._tls = tls
        self._chores: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self.lmk_kcv = ""  # of the first that answered
        self.pending = 0
        self.failovers = 0
        self._counts: dict[bytes, int] = {}  # letters, then error code or what went wrong
        self.latency = Histogram(_LATENCIES_S)

    async def start(self) -> None:
        """Connect; return when one HSM at least answers. HsmUnavailable says why none does."""
        self._chores = [asyncio.create_task(self._keep(unit)) for unit in self._units]
        self._chores.append(asyncio.create_task(self._watch()))
        try:
            async with asyncio.timeout(limits.HSM_START_TIMEOUT_S):
                while not self.healthy:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            await self.close()
            raise HsmUnavailable(f"no HSM can be used: {self.whys()}") from None

    async def close(self) -> None:
        """Let go; what is pending is lost."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        for unit in self._units:
            link, unit.link = unit.link, None
            if link is not None:
                link.close()

    @property
    def healthy(self) -> int:
        """How many HSMs may be asked."""
        return sum(unit.link is not None for unit in self._units)

    async def call(self, command: bytes, *, patience_ms: int = limits.HSM_TRY_MS) -> bytes:
        """Ask; the answer from its error code on (2 characters, then the fields).

        Every command may be repeated: nothing is stored in an HSM, and a key that was generated and
        not heard of is nobody's. So one whose HSM is lost, silent or at fault is asked another,
        once.
        patience_ms: how long one HSM may take. HsmUnavailable otherwise.
        """
        first = self._enter(command)
        within_s, started, code = patience_ms / 1000, perf_counter(), _UNAVAILABLE
        self.pending += 1
        try:
            try:
                answer = (await first.call(command, within_s))[0]
                _check_letters(command, answer, first)
            except (LinkLost, Overdue) as error:
                answer = await self._another(command, within_s, first, str(error))
            else:
                if answer[2:4] == _FAULT:
                    with contextlib.suppress(HsmUnavailable):
                        answer = await self._another(command, within_s, first, "a fault")
            code = answer[2:4]
            self.latency.observe(perf_counter() - started)
            return answer[2:]
        finally:
            self.pending -= 1
            self._count(command, code)

    async def call_printing(self, command: bytes, patience_ms: int) -> tuple[bytes, bytes]:
        """A command with an answer before and one after it has printed; asked once only.

        Both from the error code on; the second is b"" where the first is an error.
        """
        link, code = self._enter(command), _UNAVAILABLE
        self.pending += 1
        try:
            parts = await link.call(command, patience_ms / 1000, answers=2)
            _check_letters(command, parts[0], link)
            code = parts[0][2:4]
            return parts[0][2:], parts[1][2:] if len(parts) > 1 else b""
        except (LinkLost, Overdue) as error:
            raise HsmUnavailable(str(error)) from None
        finally:
            self.pending -= 1
            self._count(command, code)

    @property
    def calls(self) -> dict[tuple[str, str], int]:
        """How many calls, by command and error code; or `unavailable`, `full`."""
        return {(place[:2].decode("latin-1"), place[2:].decode("latin-1")): count
                for place, count in self._counts.items()}

    def _enter(self, command: bytes) -> Link:
        """The HSM to be asked; HsmUnavailable at once where there is none, or too many wait."""
        if self.pending >= limits.HSM_PENDING:
            self._count(command, _FULL)
            raise HsmUnavailable(f"{self.pending} calls are on their way already")
        link = self._least_busy(None)
        if link is None:
            self._count(command, _UNAVAILABLE)
            raise HsmUnavailable(self.whys())
        return link

    async def _another(self, command: bytes, within_s: float, but: Link, why: str) -> bytes:
        second = self._least_busy(but)
        if second is None:
            raise HsmUnavailable(why)
        self.failovers += 1
        try:
            answer = (await second.call(command, within_s))[0]
            _check_letters(command, answer, second)
        except (LinkLost, Overdue) as error:
            raise HsmUnavailable(str(error)) from None
        return answer

    def _least_busy(self, but: Link | None) -> Link | None:
        best: Link | None = None
        for unit in self._units:
            link = unit.link
            if link is not None and link is not but and (best is None or len(link) < len(best)):
                best = link
        return best

    def whys(self) -> str:
        """Why each HSM that is not asked is not asked."""
        return "; ".join(f"{unit.address}: {unit.why}" for unit in self._units if unit.why)

    def _count(self, command: bytes, outcome: bytes) -> None:
        place = command[:2] + outcome
        self._counts[place] = self._counts.get(place, 0) + 1

    # -- one HSM, kept connected

    async def _keep(self, unit: _Unit) -> None:
        """Connect, probe, admit, wait until it is gone, pause, again."""
        pause_s = limits.HSM_RECONNECT_S
        while True:
            unit.gone.clear()
            if await self._admit(unit):
                pause_s = limits.HSM_RECONNECT_S
                await unit.gone.wait()
            await asyncio.sleep(pause_s * (0.5 + self._random()))
            pause_s = min(pause_s * 2, limits.HSM_RECONNECT_MOST_S)

    async def _admit(self, unit: _Unit) -> bool:
        """True when the HSM answers, with the pool's own master key, and may be asked from now."""
        loop = asyncio.get_running_loop()
        link = Link(loop, lambda gone: self._gone(unit, gone))
        why = "does not answer"
        try:
            async with asyncio.timeout(limits.HSM_CONNECT_TIMEOUT_S):
                await loop.create_connection(lambda: link, unit.address.host, unit.address.port,
                                             ssl=self._tls if unit.address.tls else None)
                why = self._objection((await link.call(_PROBE, limits.HSM_CONNECT_TIMEOUT_S))[0])
        except (OSError, TimeoutError, LinkLost, Overdue) as error:
            why = str(error) or why
        finally:
            if why:
                link.close(why)
        if why or link.closed:
            self._refuse(unit, why or link.why)
            return False
        unit.link = link
        if unit.was_refused:
            _log.info("an HSM can be used again", hsm=str(unit.address), lmk=self.lmk_kcv)
        unit.why, unit.was_refused = "", False
        self._changed.set()
        return True

    def _objection(self, answer: bytes) -> str:
        """What speaks against an HSM by its answer to NC; '' where nothing does."""
        kcv = answer[4:_KCV_END].decode("latin-1")
        if answer[:4] != b"ND00" or len(answer) < _KCV_END:
            return f"answers NC with {answer[:4].decode('latin-1')}"
        if kcv != (self.lmk_kcv or kcv):
            return f"has another local master key: {kcv}, not {self.lmk_kcv}"
        self.lmk_kcv = kcv
        return ""

    def _refuse(self, unit: _Unit, why: str) -> None:
        if unit.why != why:  # once, not at each try
            _log.error("an HSM cannot be used", hsm=str(unit.address), why=why)
        unit.why, unit.was_refused = why, True

    def _gone(self, unit: _Unit, link: Link) -> None:
        if unit.link is link:
            unit.link = None
            self._refuse(unit, link.why)
        unit.gone.set()

    async def _watch(self) -> None:
        """Find what is overdue, and ask who has said nothing for a while whether it is there."""
        while True:
            await asyncio.sleep(limits.HSM_CHECK_S)
            now_s = monotonic()
            for unit in self._units:
                link = unit.link
                if link is None:
                    continue
                link.check(now_s)
                if not len(link) and now_s - link.heard_s > limits.HSM_PROBE_S:
                    link.call(_PROBE, limits.HSM_TRY_MS / 1000).add_done_callback(_heard)


def _heard(probe: asyncio.Future[list[bytes]]) -> None:
    """A probe that fails closes its link; there is nobody else to tell."""
    if not probe.cancelled():
        probe.exception()


def _check_letters(command: bytes, answer: bytes, link: Link) -> None:
    """An answer's second letter is the command's own plus one, or this HSM is not believed."""
    if answer[0] != command[0] or answer[1] != command[1] + 1:
        link.close("the HSM answers another command")
        raise LinkLost("the HSM answers another command")
