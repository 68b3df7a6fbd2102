"""pain.008.001.08, the customer direct debit initiation, written as a stream.

PURE: values in, bytes into the sink it is given; knows no database, no file name, no clock. Source:
ISO 20022 pain.008.001.08 and the EPC implementation guidelines, EPC130-08 (Core) and EPC131-08
(B2B). A block (PmtInf) has one scheme, one sequence type and one collection date; the header states
count and sum of all before the first: both are given, and end() holds them to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from clearing.bankfiles.config import Creditor
from clearing.iso20022 import Sink, address_of, agent, text_of
from clearing.money import plain
from clearing.party import Address
from clearing.remittance import LONGEST

END_OF_BLOCK: Final = "</PmtInf>\n"
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"
# The debtor's agent is mandatory in the schema; where IBAN alone is given it is said not to be.
_NO_BIC: Final = "<FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId>"


class Collection(msgspec.Struct, frozen=True, gc=False):
    """One direct debit. original_*: what banks know of the mandate, where it has changed since the
    last collection; '' where it has not."""

    end_to_end_id: str
    amount_minor: int
    mandate_id: str
    signed_on: date
    debtor_name: str
    iban: str
    bic: str
    address: Address
    remittance: str
    original_id: str = ""
    original_iban: str = ""
    original_creditor: str = ""


class Block(msgspec.Struct, frozen=True):
    """What one block's collections share. number: of the block in its file, from 1."""

    number: int
    scheme: str  # CORE, B2B
    sequence_type: str  # FRST, RCUR, FNAL, OOFF
    collect_on: date
    count: int
    sum_minor: int


class DirectDebitFile:
    """begin(), then block() and add() for each of its collections, end()."""

    def __init__(self, sink: Sink, message_id: str, created: str, currency: str,
                 blocks: Sequence[Block], creditor: Creditor) -> None:
        self._sink = sink
        self._message_id = message_id
        self._created = created
        self._currency = currency
        self._blocks = list(blocks)
        self._creditor = creditor
        self._found: list[tuple[int, int]] = []  # of each block: count, sum

    def begin(self) -> None:
        """The group header."""
        count = sum(block.count for block in self._blocks)
        total = plain(sum(block.sum_minor for block in self._blocks), self._currency)
        self._write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="{NAMESPACE}">\n<CstmrDrctDbtInitn>\n'
            f"<GrpHdr><MsgId>{self._message_id}</MsgId><CreDtTm>{self._created}</CreDtTm>"
            f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
            f"<InitgPty>{text_of('Nm', self._creditor.name, 70)}</InitgPty></GrpHdr>\n")

    def block(self) -> None:
        """The head of the next block."""
        self._end_block()
        block = self._blocks[len(self._found)]
        self._found.append((0, 0))
        self._write(self.rendered_head(block))

    def rendered_head(self, block: Block) -> str:
        """The text that block() writes: as many bytes, for it is ASCII."""
        creditor, number = self._creditor, f"{self._message_id}/{block.number}"
        assert len(number) <= 35, number
        address = address_of(creditor.address) if creditor.address.complete else ""
        return (
            f"<PmtInf><PmtInfId>{number}</PmtInfId><PmtMtd>DD</PmtMtd><BtchBookg>true</BtchBookg>"
            f"<NbOfTxs>{block.count}</NbOfTxs>"
            f"<CtrlSum>{plain(block.sum_minor, self._currency)}</CtrlSum>\n"
            f"<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl><LclInstrm><Cd>{block.scheme}</Cd>"
            f"</LclInstrm><SeqTp>{block.sequence_type}</SeqTp></PmtTpInf>"
            f"<ReqdColltnDt>{block.collect_on.isoformat()}</ReqdColltnDt>\n"
            f"<Cdtr>{text_of('Nm', creditor.name, 70)}{address}</Cdtr>"
            f"<CdtrAcct><Id><IBAN>{creditor.iban}</IBAN></Id><Ccy>{self._currency}</Ccy></CdtrAcct>"
            f"{agent('CdtrAgt', creditor.bic)}<ChrgBr>SLEV</ChrgBr>\n"
            f"<CdtrSchmeId>{_identifier(creditor.identifier)}</CdtrSchmeId>\n")

    def add(self, collection: Collection) -> None:
        """One DrctDbtTxInf of the block."""
        assert collection.amount_minor > 0, collection.end_to_end_id
        count, total = self._found[-1]
        self._found[-1] = (count + 1, total + collection.amount_minor)
        self._write(self.rendered(collection))

    def rendered(self, collection: Collection) -> str:
        """The text that add() writes: as many bytes, for it is ASCII."""
        amount = plain(collection.amount_minor, self._currency)
        address = address_of(collection.address) if collection.address.complete else ""
        bank = agent("DbtrAgt", collection.bic) or f"<DbtrAgt>{_NO_BIC}</DbtrAgt>"
        return (
            f"<DrctDbtTxInf><PmtId><EndToEndId>{collection.end_to_end_id}</EndToEndId></PmtId>"
            f'<InstdAmt Ccy="{self._currency}">{amount}</InstdAmt><DrctDbtTx><MndtRltdInf>'
            f"<MndtId>{collection.mandate_id}</MndtId>"
            f"<DtOfSgntr>{collection.signed_on.isoformat()}</DtOfSgntr>{_amendment(collection)}"
            f"</MndtRltdInf></DrctDbtTx>{bank}"
            f"<Dbtr>{text_of('Nm', collection.debtor_name, 70)}{address}</Dbtr>"
            f"<DbtrAcct><Id><IBAN>{collection.iban}</IBAN></Id></DbtrAcct>"
            f"<RmtInf>{text_of('Ustrd', collection.remittance, LONGEST)}</RmtInf>"
            f"</DrctDbtTxInf>\n")

    def end(self) -> None:
        """Close the document; what was added is what the headers say."""
        self._end_block()
        assert self._found == [(block.count, block.sum_minor) for block in self._blocks], \
            self._message_id
        self._write("</CstmrDrctDbtInitn>\n</Document>\n")

    def _end_block(self) -> None:
        if self._found:
            self._write(END_OF_BLOCK)

    def _write(self, text: str) -> None:
        self._sink.write(text.encode("ascii"))  # the SEPA set is a part of ASCII


def _identifier(identifier: str) -> str:
    """Who the creditor is to its debtors (AT-02)."""
    return (f"<Id><PrvtId><Othr><Id>{identifier}</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr>"
            "</PrvtId></Id>")


def _amendment(collection: Collection) -> str:
    """What has changed of the mandate since it was last used (AT-24). Nothing: no element."""
    parts = ""
    if collection.original_id:
        parts += f"<OrgnlMndtId>{collection.original_id}</OrgnlMndtId>"
    if collection.original_creditor:
        parts += (f"<OrgnlCdtrSchmeId>{_identifier(collection.original_creditor)}"
                  "</OrgnlCdtrSchmeId>")
    if collection.original_iban:
        parts += f"<OrgnlDbtrAcct><Id><IBAN>{collection.original_iban}</IBAN></Id></OrgnlDbtrAcct>"
    if not parts:
        return ""
    return f"<AmdmntInd>true</AmdmntInd><AmdmntInfDtls>{parts}</AmdmntInfDtls>"
