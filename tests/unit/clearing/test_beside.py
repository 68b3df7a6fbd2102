"""Calls in processes of their own: in their order, with their errors, and what a death says."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from functools import partial

import pytest

from clearing.beside import beside
from clearing.errors import ClearingError


def of_process(number: int) -> tuple[int, int]:
    """The number, and who was called."""
    return number, os.getpid()


def wrong(number: int) -> tuple[int, int]:
    """What a reader says of a file that is not right."""
    raise ClearingError(f"file {number}")


def die(_: int) -> tuple[int, int]:
    """As of kill -9."""
    os._exit(9)


Call = Callable[[int], tuple[int, int]]


def made(*calls: Call, here: int = 2) -> list[tuple[int, int]]:
    """The results; each call is of size 1."""
    async def counted() -> AsyncGenerator[tuple[int, Callable[[], tuple[int, int]]], None]:
        for number, call in enumerate(calls):
            yield 1, partial(call, number)

    async def all_of() -> list[tuple[int, int]]:
        return [one async for one in beside(counted(), here, "night")]

    return asyncio.run(all_of())


def test_results_come_in_the_order_of_the_calls() -> None:
    found = made(*[of_process] * 40)
    assert [number for number, _ in found] == [*range(40)]
    assert {process for _, process in found[:2]} == {os.getpid()}
    assert os.getpid() not in {process for _, process in found[2:]}


@pytest.mark.parametrize("at", [1, 5])
def test_an_error_is_raised_as_it_was(at: int) -> None:
    calls: list[Call] = [of_process] * 8
    calls[at] = wrong
    with pytest.raises(ClearingError, match=f"^file {at}$"):
        made(*calls)


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(ClearingError, match=r"^night: a process of its own has died"):
        made(of_process, of_process, die, of_process)
