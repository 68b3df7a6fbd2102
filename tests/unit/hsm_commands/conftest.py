"""An HSM in the test's own process, and a desk before it, under either LMK."""

from __future__ import annotations

import os
from typing import Final

import pytest

from hsm_sim.authority import Authority
from hsm_sim.dispatch import Dispatcher
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.settings import Settings
from hsm_sim.unit import Unit
from hsm_sim.variant_lmk import VariantLmk
from tests.support.hsm_desk import Desk

_PAIRS: Final = tuple(bytes([2 * number + 1] * 8 + [2 * number + 64] * 8) for number in range(20))


def _desk(settings: Settings, *, variant: bool = False) -> Desk:
    """A desk before an HSM of its own: key-block LMK 00, variant LMK 01."""
    blocks, variants = KeyBlockLmk("00", os.urandom(32)), VariantLmk("01", _PAIRS)
    unit = Unit(key_block_lmk=blocks, variant_lmk=variants, settings=settings,
                authority=Authority(lambda: 0.0), audit=_no_audit, random=os.urandom)
    dispatcher = Dispatcher(unit)

    def ask(command: bytes) -> bytes:
        answer = dispatcher.answer(b"HEAD" + command)
        assert int.from_bytes(answer[:2], "big") == len(answer) - 2
        assert answer[2:6] == b"HEAD"
        return answer[6:]

    return Desk(ask, blocks, variants, variant=variant)


def _no_audit(event: str, /, **facts: object) -> None:
    """Nothing here is worth a record."""


@pytest.fixture(params=["block", "variant"])
def desk(request: pytest.FixtureRequest) -> Desk:
    """Once with key blocks, once with keys under the variant LMK."""
    return _desk(Settings(), variant=request.param == "variant")


@pytest.fixture
def block_desk() -> Desk:
    """With key blocks alone, whose headers say what a key is for."""
    return _desk(Settings())


@pytest.fixture
def variant_desk() -> Desk:
    """With Triple DES keys under the variant LMK."""
    return _desk(Settings(), variant=True)


@pytest.fixture
def desk_without_iso_1() -> Desk:
    """Before an HSM where PIN block format 05 is disabled."""
    return _desk(Settings(pin_formats=frozenset({"01", "47", "48"})))
