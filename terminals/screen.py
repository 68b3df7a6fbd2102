"""A screen in plain text: one asks, one answers, a line each. Works over a pipe too.

Knows lines and words; what a word does is the program's.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping

Words = Mapping[str, Callable[[], Awaitable[None]]]


class Cancelled(Exception):
    """The question was left without an answer."""


async def follow(words: Words, hints: str, problems: tuple[type[Exception], ...]) -> int:
    """Do as is typed until `quit`, or the input's end; exit code.

    hints: what `help` says. problems: what is told to the person, who goes on.
    """
    print(hints, flush=True)
    while (line := await read("> ")) is not None and line != "quit":
        if not line:
            continue
        if line == "help":
            print(hints)
            continue
        word = words.get(line)
        if word is None:
            print(f"there is no {line}; help")
            continue
        try:
            await word()
        except Cancelled:
            print("left")
        except problems as problem:
            print(problem)
    return 0


async def read(question: str) -> str | None:
    """A line; None at the input's end."""
    print(question, end="", flush=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    if not sys.stdin.isatty():
        print()
    return line.strip() if line else None


async def ask(question: str, default: str | None = None) -> str:
    """An answer; without one the default, and without a default it is left."""
    answer = await read(f"{question} [{default}]: " if default else f"{question}: ")
    if answer:
        return answer
    if answer is None or default is None:
        raise Cancelled
    return default
