"""The console: what custodians and operators ask of an HSM, over its user's own Unix socket.

One line of JSON asks, one answers. Who a custodian is is proved here before anything is done. The
same requests are handled without a socket when no HSM process owns the data folder
(`hsm_sim/cli.py`).
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from hsm_sim.authority import ACTIVITIES, Refused
from hsm_sim.bootstrap import Hsm
from hsm_sim.ceremony import BadComponent, Part, form_key, read_component
from hsm_sim.custodians import Unproved
from hsm_sim.keys import Key
from hsm_sim.private_files import StoreError

SOCKET: Final = "console.sock"
LONGEST_LINE: Final = 1 << 16
PATIENCE_S: Final = 10
CUSTODIANS_WITHOUT_WITNESS: Final = 2  # dual control begins when there are two


class Status(msgspec.Struct, frozen=True, tag_field="do", tag="status"):
    """How is it?"""


class Authorise(msgspec.Struct, frozen=True, tag_field="do", tag="authorise"):
    """One custodian's word for an activity."""

    activity: str
    minutes: int
    custodian: str
    passphrase: str

    def __repr__(self) -> str:
        return f"Authorise({self.activity}, {self.custodian})"


class Close(msgspec.Struct, frozen=True, tag_field="do", tag="close"):
    """End one activity, or all."""

    activity: str | None = None


class FormKey(msgspec.Struct, frozen=True, tag_field="do", tag="form-key"):
    """Form a key of the components of two or three custodians."""

    usage: str
    algorithm: str
    mode: str
    exportability: str
    parts: tuple[Part, ...]


class AddCustodian(msgspec.Struct, frozen=True, tag_field="do", tag="add-custodian"):
    """A new custodian, whom two others vouch for once there are two."""

    name: str
    passphrase: str
    witnesses: tuple[Part, ...] = ()

    def __repr__(self) -> str:
        return f"AddCustodian({self.name})"


Request = Status | Authorise | Close | FormKey | AddCustodian
Reply = dict[str, object]


class NotDone(Exception):
    """A request that was refused, in words for its asker."""


class Console:
    """Handles requests, one after the other."""

    def __init__(self, hsm: Hsm, figures: Callable[[], Mapping[str, object]] = dict) -> None:
        self._hsm = hsm
        self._figures = figures
        self._turn = asyncio.Lock()

    async def handle(self, line: bytes) -> Reply:
        """The reply to one line: `ok`, and `message` or what was asked for."""
        try:
            request = msgspec.json.decode(line, type=Request)
            async with self._turn:
                return {"ok": True, **await self._do(request)}
        except msgspec.MsgspecError as error:
            return {"ok": False, "message": f"not understood: {error}"}
        except (NotDone, Refused, Unproved, BadComponent, StoreError) as error:
            with suppress(OSError):  # it is refused all the same
                self._hsm.audit("console refused", why=str(error))
            return {"ok": False, "message": str(error)}

    async def _do(self, request: Request) -> Reply:
        if isinstance(request, Status):
            return self._status()
        if isinstance(request, Authorise):
            return await self._authorise(request)
        if isinstance(request, FormKey):
            return await self._form_key(request)
        if isinstance(request, AddCustodian):
            return await self._add_custodian(request)
        if request.activity is not None and request.activity not in ACTIVITIES:
            raise NotDone(f"{request.activity} is no activity; there are {', '.join(ACTIVITIES)}")
        self._hsm.unit.authority.close(request.activity)
        self._hsm.audit("authority closed", activity=request.activity or "all")
        return {"message": f"closed: {request.activity or 'all'}"}

    def _status(self) -> Reply:
        unit, audit = self._hsm.unit, self._hsm.audit
        return {
            "pid": os.getpid(),
            "lmk": {unit.key_block_lmk.lmk_id: unit.key_block_lmk.check_value.hex().upper()},
            "variant_lmk": {} if unit.variant_lmk is None else {
                unit.variant_lmk.lmk_id: unit.variant_lmk.check_value.hex().upper()},
            "custodians": self._hsm.custodians.names(),
            "activities": unit.authority.status(),
            "audit": {"number": audit.number, "seal": audit.seal},
            **self._figures()}

    async def _authorise(self, request: Authorise) -> Reply:
        await self._prove(request.custodian, request.passphrase)
        opened = self._hsm.unit.authority.authorise(request.activity, request.custodian,
                                                    request.minutes)
        try:
            self._hsm.audit("authorised", activity=request.activity, minutes=request.minutes,
                            custodian=request.custodian, open=opened)
        except OSError as error:
            self._hsm.unit.authority.close(request.activity)
            raise NotDone(f"the audit log cannot be written: {error}") from None
        state = self._hsm.unit.authority.status()[request.activity]
        if not opened:
            return {"open_s": 0, "message": f"{request.activity} waits for a second custodian"}
        return {"open_s": state["open_s"],
                "message": f"{request.activity} is open for {state['open_s']} s"}

    async def _form_key(self, request: FormKey) -> Reply:
        names = [part.custodian for part in request.parts]
        if len(set(names)) != len(names):
            raise NotDone("each component comes from another custodian")
        for part in request.parts:
            await self._prove(part.custodian, part.passphrase)
        components = [read_component(request.algorithm, part.component, part.again)
                      for part in request.parts]
        template = Key(request.usage, request.algorithm, request.mode, request.exportability, b"")
        block, check = form_key(self._hsm.unit, template, components)
        self._hsm.audit("key formed", usage=request.usage, algorithm=request.algorithm,
                        mode=request.mode, exportability=request.exportability, check_value=check,
                        custodians=names)
        return {"key": block, "check_value": check}

    async def _add_custodian(self, request: AddCustodian) -> Reply:
        witnesses = [part.custodian for part in request.witnesses]
        if len(self._hsm.custodians.names()) >= CUSTODIANS_WITHOUT_WITNESS \
                and len(set(witnesses)) < CUSTODIANS_WITHOUT_WITNESS:
            raise NotDone("a further custodian needs the passphrases of two that there are")
        for part in request.witnesses:
            await self._prove(part.custodian, part.passphrase)
        await asyncio.to_thread(self._hsm.custodians.add, request.name, request.passphrase,
                                self._hsm.unit.random)
        self._hsm.audit("custodian added", custodian=request.name, witnesses=witnesses)
        return {"message": f"{request.name} is a custodian"}

    async def _prove(self, name: str, passphrase: str) -> None:
        """In a thread: commands go on while a passphrase is hashed."""
        await asyncio.to_thread(self._hsm.custodians.prove, name, passphrase)


def private_socket(path: Path) -> socket.socket:
    """A Unix socket that its user alone can open. StoreError: path too long, or no folder."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
    except OSError as error:
        bound.close()
        raise StoreError(f"console {path}: {error}") from None
    finally:
        os.umask(before)
    return bound


async def serve_console(console: Console, bound: socket.socket) -> asyncio.Server:
    """Listen at a console's socket: one request a connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, TimeoutError):  # ValueError: a line without an end
            async with asyncio.timeout(PATIENCE_S):
                line = await reader.readline()
            writer.write(msgspec.json.encode(await console.handle(line)) + b"\n")
            await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(talk, sock=bound, limit=LONGEST_LINE)


def ask(path: Path, request: Request) -> Reply | None:
    """Ask a running HSM; None when there is none at this path."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(60)
            line.connect(str(path))
            line.sendall(msgspec.json.encode(request) + b"\n")
            with line.makefile("rb") as answers:
                return msgspec.json.decode(answers.readline(), type=Reply)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
