"""PC/SC without a reader: the structure of secure PIN entry, and what is said without pyscard."""

from __future__ import annotations

import sys

import pytest

from chip.errors import NoReader
from chip.pcsc import PcscReader, pin_verify_structure
from chip.reader import PinPrompt


def test_pin_verify_structure_of_an_omnikey_3821() -> None:
    """PC/SC part 10, 2.5.2: an EMV block, 4 to 12 digits, ended with the validation key."""
    structure = pin_verify_structure(PinPrompt(shortest=4, longest=12, timeout_s=30))
    assert structure == bytes.fromhex(
        "1E1E" "89" "47" "04" "0C04" "02" "01" "0904" "00" "000000" "0D000000"
        "0020008008" "20FFFFFFFFFFFFFF")


def test_without_pyscard_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "smartcard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "smartcard", None)  # type: ignore[arg-type]
    with pytest.raises(NoReader, match=r"pip install .*smartcard"):
        PcscReader().connect()
