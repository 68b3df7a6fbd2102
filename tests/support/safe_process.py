"""A safe in a process of its own, told to die (SIGKILL) at one planted point.

folder has the store and the machine's drawers; story is what a person does; point is when it dies,
`never` for not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terminals.safe import door
from terminals.safe.door import SafeDoor
from terminals.safe.machine import MachineInSoftware
from terminals.safe.program import SafeProgram
from terminals.safe.states import Kind, State
from terminals.safe.store import Store
from tests.support.edge import Clock
from tests.support.processes import die
from tests.support.safe_host import ANA, CASSETTE, notes, settings

POINTS = ("in-hold", "after-hold", "after-decide", "before-stack", "after-stack", "in-release",
          "after-release", "before-tell", "after-tell", "before-forwarded", "after-forwarded")


def plant(point: str) -> None:
    """Die at this point of a deposit."""
    owner, name, after = {
        "in-hold": (Store, "_put", True), "after-hold": (Store, "hold", True),
        "after-decide": (Store, "decide", True),
        "before-stack": (MachineInSoftware, "stack", False),
        "after-stack": (MachineInSoftware, "stack", True),
        "before-return": (MachineInSoftware, "give_back", False),
        "after-return": (MachineInSoftware, "give_back", True),
        "in-release": (Store, "_put_pieces", True), "after-release": (Store, "release", True),
        "before-tell": (SafeDoor, "tell", False), "after-tell": (door, "_heard", True),
        "before-forwarded": (Store, "note", False), "after-forwarded": (Store, "note", True),
    }[point]
    plain = getattr(owner, name)

    def planted(*args: Any, **kwargs: Any) -> Any:
        if not after and _meant(point, args):
            die()
        result = plain(*args, **kwargs)
        if after and _meant(point, args):
            die()
        return result

    setattr(owner, name, planted)


def _meant(point: str, args: tuple[Any, ...]) -> bool:
    """Whether it is about the deposit, or, where it is held, its authorization."""
    if point == "in-hold":
        return bool(args[1].kind is Kind.AUTHORIZATION)
    if point == "before-tell":
        return bool(args[2] == "/deposits")
    if point == "after-tell":
        return str(args[0].request.url).endswith("/deposits")
    if "forwarded" in point:
        return args[1].kind is Kind.DEPOSIT and args[2] is State.FORWARDED
    return True


async def play(folder: Path, port: int, story: str, said: Callable[[str], None]) -> None:
    """ready: a cassette and a shift; deposit, back: a person's; settle: until nothing waits."""
    config = settings(folder, port)
    machine = MachineInSoftware(config.machine.file)
    safe = SafeProgram(config, machine=machine, clock=Clock(),
                       pause=lambda _: asyncio.sleep(0.01), chance=lambda: 0.0)
    await safe.start(background=story in ("deposit", "back"))
    try:
        if story == "ready":
            await safe.swap(CASSETTE)
            await safe.open_shift("ana")
        elif story in ("deposit", "back"):
            if not machine.held():
                machine.insert(notes())
            offer = await safe.offer(ANA)
            if story == "back":
                await safe.hand_back(offer)
            else:
                row = await safe.confirm(offer)
                said((await safe.told(row, 5)).state)
        if story in ("ready", "settle"):
            while not await safe.forward():  # noqa: ASYNC110 - the host, not we, is waited for
                await asyncio.sleep(0.01)
            said("settled")
    finally:
        await safe.stop()


def main(folder: Path, port: int, story: str, point: str) -> None:
    """The process."""
    if point != "never":
        plant(point)
    with (folder / "said").open("w", buffering=1) as file:
        asyncio.run(play(folder, port, story, lambda text: print(text, file=file)))
