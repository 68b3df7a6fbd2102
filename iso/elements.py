"""The numbers of the data elements that a host reads or writes, by their names in the standard.

Knows numbers; nothing of what a host does with them. Where 1987 and 1993 give a number different
names, both are here.
"""

from typing import Final

PAN: Final = 2
PROCESSING_CODE: Final = 3
AMOUNT: Final = 4
TRANSMISSION: Final = 7
STAN: Final = 11
LOCAL_TIME: Final = 12  # 1993: date and time; 1987: the time
LOCAL_DATE: Final = 13  # 1987
EXPIRY: Final = 14
SETTLEMENT_DATE: Final = 15
CARD_SEQUENCE: Final = 23
ENTRY_MODE: Final = 22
FUNCTION_CODE: Final = 24  # 1993
REASON_CODE: Final = 25
RECONCILIATION_DATE: Final = 28  # 1993
ACQUIRER: Final = 32
TRACK_2: Final = 35
REFERENCE: Final = 37
APPROVAL_CODE: Final = 38
ACTION_CODE: Final = 39
TERMINAL: Final = 41
CARD_ACCEPTOR: Final = 42
RESPONSE_TEXT: Final = 44
CONTROL: Final = 48
CURRENCY: Final = 49
PIN: Final = 52
CHIP: Final = 55
ORIGINAL_1993: Final = 56
PRODUCTS_ALLOWED: Final = 62
PRODUCTS_SOLD: Final = 63
SETTLEMENT_CODE: Final = 66  # 1987
NETWORK_CODE: Final = 70  # 1987
DEBITS_NUMBER: Final = 76
DEBITS_REVERSED_NUMBER: Final = 77
DEBITS_AMOUNT: Final = 88
DEBITS_REVERSED_AMOUNT: Final = 89
ORIGINAL_1987: Final = 90
REPLACEMENT_AMOUNTS: Final = 95
PIN_16: Final = 125  # private

# Sub-elements of 48.
BATCH: Final = 4
CUSTOMER_DATA: Final = 8
