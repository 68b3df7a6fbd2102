"""A safe against a small HTTP server that follows a script."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest

from terminals.json_door import JsonDoor, NoAnswer, Problem
from terminals.safe import Denomination, Safe

NOON = datetime(2026, 11, 20, 12, 0, 1, tzinfo=ZoneInfo("Europe/Vienna"))
NOTES = [Denomination(5_000, 4), Denomination(200, 3, "coin")]
APPROVED = {"key": "k", "decision": "approved", "action_code": "000", "reason": "approved",
            "amount_minor": 20_600, "currency": "EUR", "approval_code": "ABC123",
            "decided_at": "2026-11-20T11:00:01Z", "flags": []}
Script = list[tuple[int, object]]


class _Seen:
    def __init__(self) -> None:
        self.posts: list[tuple[str, str, dict[str, object]]] = []


@contextmanager
def _scripted(script: Script) -> Iterator[tuple[str, _Seen]]:
    seen, answers = _Seen(), iter(script)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.posts.append((self.path, self.headers["Idempotency-Key"], json.loads(body)))
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            status, content = next(answers)
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _with_door(url: str, run: Callable[[JsonDoor], Awaitable[None]]) -> None:
    async def whole() -> None:
        door = JsonDoor(url, repeats=2, pause_s=0.01)
        try:
            await run(door)
        finally:
            await door.close()

    asyncio.run(whole())


def test_a_deposit_is_repeated_under_its_key_until_answered() -> None:
    async def run(door: JsonDoor) -> None:
        safe = Safe("S0001", door, now=lambda: NOON)
        posted = await safe.deposit(NOTES, depositor="Fuchs", cassette="3" * 18, reference="R1")
        assert posted.decision.approved
        assert posted.sent == 2
        again = await safe.repeat(posted)
        assert again.raw == posted.raw

    with _scripted([(503, {}), (200, APPROVED), (200, APPROVED)]) as (url, seen):
        _with_door(url, run)
    assert len({json.dumps(post) for post in seen.posts}) == 1
    path, key, body = seen.posts[0]
    assert (path, key) == ("/v1/deposits", "S0001-000001")
    assert body == {
        "terminal_id": "S0001", "sequence": "000001", "local_time": "2026-11-20T12:00:01",
        "amount_minor": 20_600, "currency": "EUR", "depositor": "Fuchs", "cassette": "3" * 18,
        "reference": "R1", "denominations": [
            {"value_minor": 5_000, "count": 4, "kind": "note"},
            {"value_minor": 200, "count": 3, "kind": "coin"}]}


def test_what_the_host_refuses_is_a_problem_and_not_repeated() -> None:
    async def run(door: JsonDoor) -> None:
        with pytest.raises(Problem) as caught:
            await Safe("S0001", door, now=lambda: NOON).deposit(NOTES, amount_minor=1)
        assert caught.value.status == 422

    with _scripted([(422, {"title": "sum"})]) as (url, seen):
        _with_door(url, run)
    assert len(seen.posts) == 1


def test_a_silent_host_is_said_to_be_silent() -> None:
    async def run(door: JsonDoor) -> None:
        with pytest.raises(NoAnswer):
            await Safe("S0001", door, now=lambda: NOON).deposit(NOTES)

    with _scripted([(503, {})] * 3) as (url, seen):
        _with_door(url, run)
    assert len(seen.posts) == 3
