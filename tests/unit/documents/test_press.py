"""The press: in order, in processes, and an error that names the document."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from clearing.documents.invoice_page import invoice_sheet
from clearing.documents.press import FEW, pressed
from clearing.documents.settings import Documents
from clearing.documents.typesetting import Sheet, typeset
from clearing.errors import ClearingError
from tests.unit.documents.samples import invoice

SHEET = invoice_sheet(invoice(2), Documents())


async def sheets(*names: str, content: str = SHEET.content) -> AsyncIterator[Sheet]:
    for name in names:
        yield msgspec.structs.replace(SHEET, name=name, content=content)


def press(*names: str, content: str = SHEET.content) -> list[tuple[str, bytes]]:
    async def run() -> list[tuple[str, bytes]]:
        return [(sheet.name, made) async for sheet, made in
                pressed(sheets(*names, content=content), workers=2)]
    return asyncio.run(run())


def test_few_and_many_are_the_same_in_their_order() -> None:
    names = [f"D{number}" for number in range(FEW + 6)]
    plain = typeset(SHEET)
    assert press() == []
    assert press(*names[:2]) == [(name, plain) for name in names[:2]]
    assert press(*names) == [(name, plain) for name in names]


@pytest.mark.parametrize("count", [1, FEW + 3])
def test_an_error_names_the_document(count: int) -> None:
    with pytest.raises(ClearingError, match=r"D0 cannot be typeset: .*does not contain key"):
        press(*(f"D{number}" for number in range(count)), content="{}")


def test_who_stops_early_leaves_no_process() -> None:
    async def first() -> str:
        made = pressed(sheets(*map(str, range(40))), workers=2)
        async for sheet, _ in made:
            await made.aclose()
            return sheet.name
        raise AssertionError
    assert asyncio.run(first()) == "0"
