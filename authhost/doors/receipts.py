"""The routes of receipts: a safe reads and prints those of its own deposits, people verify them.

Knows HTTP, languages and papers by name; what a receipt says is authhost/receipts'. Printing is a
POST, for it is counted: the same Idempotency-Key is the same printing, a new one is a copy more.
Over mutual TLS the certificate names the safe.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal

import msgspec

from authhost import keys
from authhost.admin.access import Actor, allow, may
from authhost.admin.keyring import Keyring
from authhost.admin.refusals import Conflict, Invalid, Unknown
from authhost.doors.admin_call import AdminCall, admitted
from authhost.doors.call import Call, Endpoint, Handler, json_response
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

    def __init__(self, receipts: Receipts, keyring: Keyring, secret: bytes) -> None:
        self._receipts = receipts
        self._keyring = keyring
        self._secret = secret

    def endpoints(self) -> list[Endpoint]:
        """What HttpDoor is given."""
        own = "/v1/safes/{terminal_id}/receipts/{sequence}"
        return [
            Endpoint("GET", own, _guarded(self._own)),
            Endpoint("POST", f"{own}/prints", _guarded(self._own_print)),
            Endpoint("GET", "/v1/receipts/{code}", self._people(self._verify)),
            Endpoint("POST", "/v1/receipts/{code}/prints", self._people(self._print_code)),
            Endpoint("GET", "/v1/deposits/{id}/receipt", self._people(self._of_deposit)),
            Endpoint("POST", "/v1/deposits/{id}/receipt/prints",
                     self._people(self._print_deposit)),
        ]

    async def _own(self, call: Call) -> Response:
        return _json(await self._receipts.document(await self._own_key(call)))

    async def _own_print(self, call: Call) -> Response:
        wanted = call.decode(Print)
        receipt = await self._receipts.printed(
            await self._own_key(call), who=f"safe:{call.path['terminal_id']}",
            form=wanted.form, request=call.idempotency_key)
        return await self._printed(receipt, wanted)

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
        return _json(Verified(_for(call.actor, await self._of_code(call, "receipt.read"))))

    async def _print_code(self, call: AdminCall) -> Response:
        return await self._print(call, await self._of_code(call, "receipt.print"))

    async def _of_deposit(self, call: AdminCall) -> Response:
        return _json(_for(call.actor, await self._of_id(call, "receipt.read")))

    async def _print_deposit(self, call: AdminCall) -> Response:
        return await self._print(call, await self._of_id(call, "receipt.print"))

    async def _print(self, call: AdminCall, receipt: Receipt) -> Response:
        wanted = call.call.decode(Print)
        printed = await self._receipts.printed(
            receipt.key, who=call.actor.name, form=wanted.form, request=call.call.idempotency_key)
        return await self._printed(printed, wanted)

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

    async def _printed(self, receipt: Receipt, wanted: Print) -> Response:
        words: Language = language(wanted.language)
        headers = {"Receipt-Copy": str(receipt.copy or 0), "Receipt-Code": receipt.code}
        if wanted.form == "text":
            return Response(self._receipts.text(receipt, words), headers=headers,
                            media_type="text/plain; charset=utf-8")
        content = await self._receipts.pdf(receipt, words, wanted.paper)
        headers["Content-Disposition"] = f'inline; filename="{receipt.code}.pdf"'
        return Response(content, headers=headers, media_type="application/pdf")

    def _people(self, work: Callable[[AdminCall], Awaitable[Response]]) -> Handler:
        """For who has a token or a certificate of his own; each refusal in words and in the log."""
        async def guarded(call: AdminCall) -> Response:
            try:
                return await work(call)
            except NoReceipt:
                raise Unknown("there is no receipt of such a deposit", "id") from None
            except Altered:
                raise Conflict(_ALTERED, "receipt") from None
            except TooManyPrints as error:
                raise ProblemError(503, "Busy", str(error), retry_after_s=5) from None

        return admitted(self._keyring, self._secret, guarded)


def _guarded(work: Callable[[Call], Awaitable[Response]]) -> Handler:
    """The room's own words for a safe."""
    async def guarded(call: Call) -> Response:
        try:
            return await work(call)
        except NoReceipt:
            raise ProblemError(404, "Not found", "this safe has told no such deposit",
                               "sequence") from None
        except Altered:
            raise ProblemError(409, "Conflict", _ALTERED, "sequence") from None
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


def _json(value: msgspec.Struct) -> Response:
    return json_response(msgspec.json.encode(value))
