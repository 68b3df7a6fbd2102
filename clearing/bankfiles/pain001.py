"""pain.001.001.09, the customer credit transfer initiation, written as a stream.

PURE: values in, bytes into the sink it is given; knows no database, no file name, no clock. Source:
ISO 20022 pain.001.001.09 and the EPC implementation guidelines (EPC132-08) for euro.
The header states count and sum before the first credit: both are given, and end() holds them to it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from clearing.iso20022 import Sink, address_of, agent, level, text_of
from clearing.money import plain
from clearing.party import Address
from clearing.remittance import LONGEST
from clearing.settings import Debtor

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


class Message(msgspec.Struct, frozen=True):
    """What the group header and the one payment information block say."""

    message_id: str
    created: str  # ISO 8601 date and time
    execution_date: str  # ISO 8601 date
    currency: str
    count: int
    sum_minor: int
    payment_type: str = ""  # PmtTpInf; '' what is usual for the currency
    purpose: str = ""  # ExternalPurpose1Code of every credit; '' for none
    batch_booking: bool = True


class Credit(msgspec.Struct, frozen=True, gc=False):
    """One credit transfer; iban and bic are compact, bic may be ''."""

    end_to_end_id: str
    amount_minor: int
    name: str
    iban: str
    bic: str
    address: Address
    remittance: str


class CreditTransferFile:
    """begin(), add() for every credit, end(). One debtor account and one currency a file."""

    def __init__(self, sink: Sink, message: Message, debtor: Debtor) -> None:
        self._sink = sink
        self._message = message
        self._debtor = debtor
        self._count = 0
        self._sum_minor = 0
        purpose = message.purpose
        self._purpose = f"<Purp><Cd>{purpose}</Cd></Purp>" if purpose else ""

    def begin(self) -> None:
        """Group header and the head of the payment information block."""
        message, debtor = self._message, self._debtor
        total = plain(message.sum_minor, message.currency)
        name = text_of("Nm", debtor.name, 70)
        kind = message.payment_type or level(message.currency, instant=False)
        # Costs are shared: in SEPA by its own word.
        costs = "SLEV" if message.currency == "EUR" else "SHAR"
        self._write(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="{NAMESPACE}">\n<CstmrCdtTrfInitn>\n'
            f"<GrpHdr><MsgId>{message.message_id}</MsgId><CreDtTm>{message.created}</CreDtTm>"
            f"<NbOfTxs>{message.count}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
            f"<InitgPty>{name}</InitgPty></GrpHdr>\n"
            f"<PmtInf><PmtInfId>{message.message_id}</PmtInfId><PmtMtd>TRF</PmtMtd>"
            f"<BtchBookg>{'true' if message.batch_booking else 'false'}</BtchBookg>"
            f"<NbOfTxs>{message.count}</NbOfTxs><CtrlSum>{total}</CtrlSum>\n{kind}"
            f"<ReqdExctnDt><Dt>{message.execution_date}</Dt></ReqdExctnDt>\n"
            f"<Dbtr>{name}{address_of(debtor.address)}</Dbtr>"
            f"<DbtrAcct><Id><IBAN>{debtor.iban}</IBAN></Id>"
            f"<Ccy>{message.currency}</Ccy></DbtrAcct>{agent('DbtrAgt', debtor.bic)}"
            f"<ChrgBr>{costs}</ChrgBr>\n"
        )

    def add(self, credit: Credit) -> None:
        """One CdtTrfTxInf. The amount is positive: a bank file gives, it never takes."""
        assert credit.amount_minor > 0, credit.end_to_end_id
        self._count += 1
        self._sum_minor += credit.amount_minor
        self._write(self.rendered(credit))

    def rendered(self, credit: Credit) -> str:
        """The text that add() writes: as many bytes, for it is ASCII."""
        currency = self._message.currency
        return (
            f"<CdtTrfTxInf><PmtId><EndToEndId>{credit.end_to_end_id}</EndToEndId></PmtId>"
            f'<Amt><InstdAmt Ccy="{currency}">{plain(credit.amount_minor, currency)}</InstdAmt>'
            f"</Amt>{agent('CdtrAgt', credit.bic)}"
            f"<Cdtr>{text_of('Nm', credit.name, 70)}{address_of(credit.address)}</Cdtr>"
            f"<CdtrAcct><Id><IBAN>{credit.iban}</IBAN></Id></CdtrAcct>{self._purpose}"
            f"<RmtInf>{text_of('Ustrd', credit.remittance, LONGEST)}</RmtInf></CdtTrfTxInf>\n"
        )

    def end(self) -> None:
        """Close the document; what was added is what the header says."""
        message = self._message
        assert (self._count, self._sum_minor) == (message.count, message.sum_minor), message
        self._write("</PmtInf>\n</CstmrCdtTrfInitn>\n</Document>\n")

    def _write(self, text: str) -> None:
        self._sink.write(text.encode("ascii"))  # the SEPA set is a part of ASCII
