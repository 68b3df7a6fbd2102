"""The table of what offices ask about pay by phone: merchants' people, payers, disputes, plans,
credits.

Knows paths, summaries and the types that check the bodies; what is answered is a row or a page. A
test holds that every route is in a table.
"""

from __future__ import annotations

from typing import Final

from authhost.doors import payment_actions, phone_enrolment
from authhost.doors.described import PAGE, Described
from authhost.merchants.users import NewUser
from authhost.payments.credit_desk import Account, Resolution
from authhost.payments.plan_desk import NewPlan

_ADMIN: Final = "/v1/admin"
_USERS, _PAYERS = f"{_ADMIN}/merchant-users", f"{_ADMIN}/payers"
_PLAN, _DISPUTE = f"{_ADMIN}/merchant-plans/{{id}}", f"{_ADMIN}/payments/{{id}}/dispute"
_CREDITS: Final = f"{_ADMIN}/unmatched-credits"
PAYING: Final = (
    Described("POST", _USERS, "Somebody of a merchant: a client's secret is told this once",
              NewUser, status="201"),
    Described("GET", _USERS, "Merchants' people", answer=PAGE,
              query=("merchant", "after", "limit")),
    Described("GET", f"{_USERS}/{{id}}", "One of them"),
    Described("POST", f"{_USERS}/{{id}}/secret", "A client's next secret, told this once",
              status="201"),
    Described("POST", f"{_USERS}/{{id}}/blocking", "Out, with every token"),
    Described("POST", f"{_USERS}/{{id}}/unblocking", "Let in again"),
    Described("POST", f"{_USERS}/{{id}}/closing", "Out, for good"),
    Described("POST", _PAYERS, "Somebody who pays by phone", phone_enrolment.NewPayer,
              status="201"),
    Described("GET", f"{_PAYERS}/{{phone}}", "A payer, and the phone's certificates"),
    Described("POST", f"{_PAYERS}/{{phone}}/codes", "A code to enrol a phone, told this once",
              status="201"),
    Described("POST", f"{_PAYERS}/{{phone}}/block", "Nothing of it is approved any more"),
    Described("POST", f"{_PAYERS}/{{phone}}/unblock", "It may pay again"),
    Described("PUT", f"{_PAYERS}/{{phone}}/refused-merchants", "Whose requests it refuses",
              phone_enrolment.RefusedMerchants),
    Described("POST", f"{_ADMIN}/payer-certificates/{{serial}}/revocation", "It is good no more",
              phone_enrolment.PayerRevocation),
    Described("POST", _DISPUTE, "A payer says that a payment was not right",
              payment_actions.Dispute, status="201"),
    Described("POST", f"{_DISPUTE}/resolution", "Who keeps the money",
              payment_actions.Resolution),
    Described("GET", _PLAN, "A plan's versions", answer=PAGE),
    Described("PUT", _PLAN, "A plan from a day on", NewPlan),
    Described("POST", f"{_ADMIN}/banks/{{id}}/credits",
              "What a bank has credited (camt.054, or the same as JSON)", file="application/xml"),
    Described("GET", _CREDITS, "Credits that no payment waits for", answer=PAGE,
              query=("state", "bank", "after", "limit")),
    Described("POST", f"{_CREDITS}/{{id}}/resolution", "What is done with one", Resolution),
    Described("GET", f"{_ADMIN}/collecting-accounts", "Where codes are paid to", answer=PAGE),
    Described("PUT", f"{_ADMIN}/collecting-accounts/{{iban}}", "An account that collects",
              Account),
)
