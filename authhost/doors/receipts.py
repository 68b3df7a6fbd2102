"""The routes of receipts: a safe reads and prints those of its own deposits, people verify them.

Knows HTTP, languages and papers by name; what a receipt says is authhost/receipts'. Printing is a
POST, for it is counted: the same Idempotency-Key is the same printing, a new one is a copy more.
Over mutual TLS the certificate names the safe.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal, TypeVar

import msgspec

from authhost import keys
from authhost.admin.access import Actor, allow, may
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.doors.admin_call import AdminCall, Work
from authhost.doors.admission import Admission
from authhost.doors.call import Call, Endpoint, Handler, encoded
from authhost.doors.problems import ProblemError
from authhost.doors.response import Response
from authhost.model import Kind
from authhost.receipts.code import BadCode
from authhost.receipts.document import Receipt
from authhost.receipts.language import LANGUAGES, Language, language
from authhost.receipts.receipts import Altered, NoReceipt, Receipts, TooManyPrints
from authhost.translate.bodies import Body
from authhost.translate.json_door import key_of

_MOST_DIGITS: Final = 18
C = TypeVar("C")
_ALTERED: Final = "what was written down of this receipt is not what was sealed"


class Print(Body, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a receipt is wanted. A text has 40 columns, whatever the paper."""

    form: Literal["pdf", "text"]
    paper: Literal["a4", "a6", "80mm"] = "80mm"
    language: Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(LANGUAGES)})$")] = "en"


class Verified(msgspec.Struct, frozen=True):
    """What a code proves. receipt: as it stands now."""

    receipt: Receipt
    authentic: bool = True


class ReceiptRoutes:
    """The rows of the route table."""

    def __init__(self, receipts: Receipts, admission: Admission) -> None:
        self._receipts = receipts
        self._admission = admission

    def endpoints(self) -> list[Endpoint]:
        """What HttpDoor is given."""
        own = "/v1/safes/{terminal_id}/receipts/{sequence}"
        return [
            Endpoint("GET", own, _of_safe(self._own)),
            Endpoint("POST", f"{own}/prints", _of_safe(self._own_print)),
            self._people("GET", "/v1/receipts/{code}", self._verify),
            self._people("POST", "/v1/receipts/{code}/prints", self._print_code),
            self._people("GET", "/v1/deposits/{id}/receipt", self._of_deposit),
            self._people("POST", "/v1/deposits/{id}/receipt/prints", self._print_deposit)]

    async def _own(self, call: Call) -> Response:
        return encoded(await self._receipts.document(await self._own_key(call)))

    async def _own_print(self, call: Call) -> Response:
        wanted = call.decode(Print)
        receipt = await self._receipts.document(await self._own_key(call))
        return await self._printed(receipt, wanted, f"safe:{call.path['terminal_id']}",
                                   call.idempotency_key)

    async def _own_key(self, call: Call) -> str:
        """The key of the deposit that the path names by the device's own number."""
        terminal_id, sequence = call.path["terminal_id"], call.path["sequence"]
        call.is_from(terminal_id)
        day = call.query.get("date", "").replace("-", "")
        is_number = sequence.isascii() and sequence.isdecimal() and len(sequence) <= _MOST_DIGITS
        if "\0" in terminal_id + sequence + day or not (is_number or day):
            raise NoReceipt(terminal_id)
        acquirer = await self._receipts.acquirer(terminal_id)
        if acquirer is None:
            raise NoReceipt(terminal_id)
        # A device whose numbers begin anew has their date in its keys, and its number as it wrote
        # it; the others' numbers are never used twice.
        return keys.message_key(acquirer, terminal_id, Kind.DEPOSIT, day,
                                sequence if day else f"{int(sequence):06d}")

    async def _verify(self, call: AdminCall) -> Response:
        return encoded(Verified(_for(call.actor, await self._of_code(call, "receipt.read"))))

    async def _print_code(self, call: AdminCall) -> Response:
        return await self._print(call, await self._of_code(call, "receipt.print"))

    async def _of_deposit(self, call: AdminCall) -> Response:
        return encoded(_for(call.actor, await self._of_id(call, "receipt.read")))

    async def _print_deposit(self, call: AdminCall) -> Response:
        return await self._print(call, await self._of_id(call, "receipt.print"))

    async def _print(self, call: AdminCall, receipt: Receipt) -> Response:
        wanted = call.call.decode(Print)
        return await self._printed(receipt, wanted, call.actor.name, call.call.idempotency_key)

    async def _of_code(self, call: AdminCall, action: str) -> Receipt:
        allow(call.actor, action)
        try:
            receipt = await self._receipts.verify(call.call.path["code"])
        except BadCode as error:
            raise Invalid(f"the code {error}", "code") from None
        if receipt is None:
            raise Unknown("there is no such receipt: the code was not made here", "code")
        return await self._within(call.actor, receipt, "code")

    async def _of_id(self, call: AdminCall, action: str) -> Receipt:
        allow(call.actor, action)
        key = key_of(call.call.path["id"])
        if key is None or "\0" in key:
            raise Unknown("there is no such deposit", "id")
        return await self._within(call.actor, await self._receipts.document(key), "id")

    async def _within(self, actor: Actor, receipt: Receipt, where: str) -> Receipt:
        """The receipt, if it is his to see; another's is as one that is not there."""
        if not await self._receipts.visible(receipt.account_id, actor.account_id, actor.bank_id):
            raise Unknown("there is no such receipt", where)
        return receipt

    async def _printed(self, receipt: Receipt, wanted: Print, who: str, request: str) -> Response:
        receipt = await self._receipts.printed(receipt, who=who, form=wanted.form, request=request)
        words: Language = language(wanted.language)
        headers = {"Receipt-Copy": str(receipt.copy or 0), "Receipt-Code": receipt.code}
        if wanted.form == "text":
            return Response(self._receipts.text(receipt, words), headers=headers,
                            media_type="text/plain; charset=utf-8")
        content = await self._receipts.pdf(receipt, words, wanted.paper)
        headers["Content-Disposition"] = f'inline; filename="{receipt.code}.pdf"'
        return Response(content, headers=headers, media_type="application/pdf")

    def _people(self, method: str, path: str, work: Work) -> Endpoint:
        """For who has a token or a certificate of his own."""
        return self._admission.endpoint(method, path, _worded(
            work, lambda: Unknown("there is no receipt of such a deposit", "id"),
            lambda: Conflict(_ALTERED, "receipt")))


def _of_safe(work: Callable[[Call], Awaitable[Response]]) -> Handler:
    """For a safe: its own deposits alone."""
    return _worded(
        work,
        lambda: ProblemError(404, "Not found", "this safe has told no such deposit", "sequence"),
        lambda: ProblemError(409, "Conflict", _ALTERED, "sequence"))


def _worded(work: Callable[[C], Awaitable[Response]], no_receipt: Callable[[], Exception],
            altered: Callable[[], Exception]) -> Callable[[C], Awaitable[Response]]:
    """The room's own words for what cannot be done, as who asks hears them."""
    async def guarded(call: C) -> Response:
        try:
            return await work(call)
        except NoReceipt:
            raise no_receipt() from None
        except Altered:
            raise altered() from None
        except TooManyPrints as error:
            raise ProblemError(503, "Busy", str(error), retry_after_s=5) from None

    return guarded


def _for(actor: Actor, receipt: Receipt) -> Receipt:
    """Without the names that a role does not see."""
    if may(actor, "deposit.names"):
        return receipt
    return msgspec.structs.replace(
        receipt, told=msgspec.structs.replace(receipt.told, depositor=""),
        parties=msgspec.structs.replace(receipt.parties, depositor=""))
