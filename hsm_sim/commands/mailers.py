"""PE: a PIN mailer, the one way that a PIN leaves for its holder.

Fields as in the public payShield command; the form is fixed here instead of being loaded with PA:
reference, last four digits of the card, holder, then one to six lines of address. The text is put
together in memory, encrypted to the print shop's certificate, and only that goes to the spool.
There is no solicitation, so PF has no check value. PF and PZ leave together, once the spool has
the mailer: what failed is said in PF, and a mailer of the same reference takes the place of an
earlier one.
"""

from __future__ import annotations

import re
from typing import Final

from hsm_sim.commands import Answers, command
from hsm_sim.errors import HsmError
from hsm_sim.fields import TRAILER, Fields
from hsm_sim.settings import LONGEST_MESSAGE
from hsm_sim.unit import Unit

DOCUMENT_TYPES: Final = "ABC"  # first or second of a two-up form, or one-up: here all the same
ADDRESS_LINES: Final = 6
LONGEST_FIELD: Final = 64  # characters
_FIRST_FIELDS: Final = 3
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LMK_ID: Final = re.compile(rb"%[0-9]{2}\Z")


@command(b"PE")
def print_mailer(unit: Unit, fields: Fields) -> Answers:
    """PE: document type 1A, account 12N, PIN under the LMK, print fields with `;` between them
    -> PF, then PZ.

    15 a field that the form does not have; 16 no printer, or it does not take the mailer; 17 unless
    the activity 'mailer' is open; 22 the last four digits are not this account's.
    """
    fields.choice(DOCUMENT_TYPES)
    account = fields.digits(12)
    token = unit.take_pin_token(fields)
    reference, last_four, holder, *address = _print_fields(fields)
    fields.end()
    if not _REFERENCE.fullmatch(reference):
        raise HsmError("15")
    if len(last_four) != 4 or not last_four.isdigit() or last_four[:3] != account[-3:]:
        raise HsmError("22")
    unit.authority.require("mailer")
    if unit.printer is None:
        raise HsmError("16")
    pin = unit.pin_from_lmk(token, account)
    # Before and after: a mailer that is there has its record, whatever the disk does.
    unit.audit("mailer_ordered", reference=reference)
    try:
        unit.printer(reference, form(holder, tuple(address), last_four, pin).encode())
    except OSError:
        raise HsmError("16") from None
    unit.audit("mailer_printed", reference=reference)
    return Answers(b"", (b"PZ", b""))


def form(holder: str, address: tuple[str, ...], last_four: str, pin: str) -> str:
    """The text of a mailer."""
    return "\n".join((
        holder, *address, "",
        f"Card number ending in {last_four}", "",
        f"PIN   {' '.join(pin)}", "",
        "Keep it to yourself. Nobody will ask you for it.", ""))


def _print_fields(fields: Fields) -> list[str]:
    """The print fields: what comes before `%nn`, the trailer, or the end."""
    text = fields.peek(LONGEST_MESSAGE)
    text = text.partition(bytes([TRAILER]))[0]
    text = _LMK_ID.sub(b"", text)
    try:
        parts = fields.take(len(text)).decode("utf-8").split(";")
    except UnicodeDecodeError:
        raise HsmError("15") from None
    if not _FIRST_FIELDS < len(parts) <= _FIRST_FIELDS + ADDRESS_LINES \
            or any(len(part) > LONGEST_FIELD or not part.isprintable() for part in parts):
        raise HsmError("15")
    return parts
