"""Where blank chips come from: a person before a reader, and a folder of virtual ones."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from chip.errors import CardPulled
from chip.memory import CardFile, LifeCycle, State, Volatile
from chip.reader import InProcessReader
from chip.virtual import Card
from issuing.feeders import FolderFeeder, NoMoreCards, OperatorFeeder

SELECT = bytes.fromhex("00A4040007F0464C4545540100")


def test_an_operator_is_asked_for_each_card_and_may_stop(
        capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(["", " Q "])
    asked = []

    def ask(text: str) -> str:
        asked.append(text)
        return next(answers)

    async def run() -> None:
        reader = InProcessReader(Card(Volatile(State(serial=bytes(8)))))
        feeder = OperatorFeeder(reader, ask)
        assert await feeder.next() is reader
        reader.connect()
        assert reader.transmit(SELECT)[1] == 0x9000
        await feeder.tell("line 2: done")
        with pytest.raises(NoMoreCards, match="stopped by the operator"):
            await feeder.next()
        with pytest.raises(CardPulled):  # no card is left under power
            reader.transmit(SELECT)

    asyncio.run(run())
    assert len(asked) == 2
    assert capsys.readouterr().err == "line 2: done\n"


def test_a_folder_gives_its_blank_cards_in_order(tmp_path: Path) -> None:
    key = os.urandom(32)
    (tmp_path / "key").write_bytes(key)
    cycles = (LifeCycle.ACTIVE, LifeCycle.BLANK, LifeCycle.BLOCKED, LifeCycle.PERSONALIZING)
    for number, cycle in enumerate(cycles):
        CardFile(tmp_path / f"{number}.card", key).save(
            State(serial=bytes([number] * 8), life_cycle=cycle))

    async def serials() -> list[bytes]:
        feeder, found = FolderFeeder(tmp_path), []
        for _ in range(2):
            reader = await feeder.next()
            reader.connect()
            assert reader.transmit(SELECT)[1] == 0x9000
            found.append(reader.transmit(bytes.fromhex("80CADF0100"))[0][-8:])
        with pytest.raises(NoMoreCards):
            await feeder.next()
        return found

    assert asyncio.run(serials()) == [bytes([1] * 8), bytes([3] * 8)]
