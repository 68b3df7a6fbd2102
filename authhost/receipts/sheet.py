"""What stands on a receipt, part by part, before anybody says how wide the paper is.

PURE. The text and the PDF are made of the same parts, so that they cannot say different things.
"""

from __future__ import annotations

from typing import Final

import msgspec

from authhost.receipts.document import Receipt
from authhost.receipts.language import Language, instant

RIGHT: Final = frozenset({0, 2, 3})  # columns of the table that hold numbers


class Title(msgspec.Struct, frozen=True):
    """What the document is."""

    text: str


class Mark(msgspec.Struct, frozen=True):
    """What must not be overlooked: that it is a copy, that it was reversed."""

    text: str


class Field(msgspec.Struct, frozen=True):
    """A label and what it stands for. strong: the sum."""

    label: str
    value: str
    strong: bool = False


class Table(msgspec.Struct, frozen=True):
    """Rows of four: value, kind, pieces, amount. The first row is the head."""

    rows: tuple[tuple[str, str, str, str], ...]


class Rule(msgspec.Struct, frozen=True):
    """A line across the paper."""


class Note(msgspec.Struct, frozen=True):
    """A sentence."""

    text: str


class Code(msgspec.Struct, frozen=True):
    """What it is verified by; where paper lets, a square code beside it."""

    label: str
    code: str
    digest_label: str
    digest: str


Part = Title | Mark | Field | Table | Rule | Note | Code


def sheet(receipt: Receipt, words: Language) -> list[Part]:
    """All parts, top to bottom."""
    parts: list[Part] = [Title(words[f"title_{receipt.kind}"])]
    if receipt.copy:
        parts.append(Mark(f"{words['copy']} {receipt.copy}"))
    if receipt.state == "reversed":
        parts.append(Mark(words["state_reversed"].upper()))
    parts += [Field(words["number"], receipt.number),
              Field(words["business_date"], receipt.business_date.isoformat()),
              *_named(words, local_time=receipt.told.local_time.replace("T", " ")),
              Field(words["host_time"], instant(receipt.recorded_at)), Rule()]
    parts += [*_operator(receipt, words), Rule(), *_client(receipt, words), Rule(),
              *_safe(receipt, words), Rule(), *_content(receipt, words), Rule()]
    parts += [Field(words["custody"], words[f"state_{receipt.state}"]),
              Field(words["credit"], words[f"credit_{receipt.credit}"]),
              Field(words["payment"], receipt.end_to_end_id),
              Note(words["provisional" if receipt.kind == "cash" else "not_counted"])]
    if receipt.missing:
        parts.append(Field(words["missing"], ", ".join(receipt.missing)))
    parts += [Note(words["valid"]), Rule(),
              Code(words["verify"], receipt.code, words["digest"], receipt.digest)]
    return parts


def _operator(receipt: Receipt, words: Language) -> list[Part]:
    operator = receipt.parties.operator
    return [Field(words["operator"], _block(operator.name or words["nobody"],
                                            *operator.address.lines)),
            *_named(words, registration=operator.registration, tax_number=operator.tax_number,
                    contact=operator.contact)]


def _client(receipt: Receipt, words: Language) -> list[Part]:
    client, told = receipt.parties.client, receipt.told
    reference = " ".join(part for part in (told.reference_model, told.reference) if part)
    return [Field(words["client"], _block(client.name or words["nobody"], *client.address.lines)),
            *_named(words, account_id=str(client.account_id or ""),
                    iban=_iban(told.account or client.iban), bank=client.bank,
                    reference=reference)]


def _safe(receipt: Receipt, words: Language) -> list[Part]:
    safe, told = receipt.parties.safe, receipt.told
    depositor = f"{receipt.parties.depositor} ({told.depositor})" \
        if receipt.parties.depositor and receipt.parties.depositor != told.depositor \
        else told.depositor
    # A terminal without a place of its own stands where its merchant is.
    return [*_named(words, safe=safe.terminal_id, model=safe.model,
                    site=_block(safe.merchant, safe.site, *safe.address),
                    depositor=depositor or words["nobody"], shift=told.shift,
                    device_receipt=told.receipt, sequence=str(told.sequence),
                    cassette=told.cassette)]


def _content(receipt: Receipt, words: Language) -> list[Part]:
    told, currency = receipt.told, receipt.currency
    parts: list[Part] = []
    if told.denominations:
        head = (f"{words['value']} {currency}", words["kind"], words["pieces"], words["amount"])
        rows = sorted(told.denominations, key=lambda row: (row.kind != "note", -row.value_minor))
        parts.append(Table((head, *(
            (words.number(row.value_minor, currency),
             f"{words['coin' if row.kind == 'coin' else 'note']} {row.category}".strip(),
             str(row.count), words.number(row.value_minor * row.count, currency))
            for row in rows))))
    parts += _named(words, envelope_number=told.envelope.number, cheque_number=told.cheque.number,
                    cheque_bank=told.cheque.bank)
    label = "total" if receipt.kind == "cash" else "declared"
    parts.append(Field(words[label], words.amount(receipt.amount_minor, currency), strong=True))
    if told.suspects:
        parts.append(Field(words["suspects"], _block(*(
            " ".join(part for part in (
                words.amount(one.value_minor, one.currency or currency),
                f"{words['category']} {one.category}" if one.category else "",
                f"{words['serial']} {one.serial}" if one.serial else "") if part)
            for one in told.suspects))))
    if told.rejected.count:
        parts.append(Field(words["returned"], str(told.rejected.count)))
    return parts


def _named(words: Language, **values: str) -> list[Part]:
    """A field for each value that is there, by the name of its label."""
    return [Field(words[name], value) for name, value in values.items() if value]


def _block(*lines: str) -> str:
    return "\n".join(dict.fromkeys(line for line in lines if line))


def _iban(text: str) -> str:
    """In groups of four, as ISO 13616 has it for paper."""
    compact = "".join(text.split())
    return " ".join(compact[start:start + 4] for start in range(0, len(compact), 4))
