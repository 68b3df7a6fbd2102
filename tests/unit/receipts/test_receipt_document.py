"""What a device told is read with patience, and what is missing is named."""

from authhost.operator import Address, Operator
from authhost.receipts import document
from authhost.receipts.document import Client, Parties, SafeParty, Told
from tests.support.receipt_example import CLIENT, OPERATOR, SAFE, TOLD


def test_all_that_a_device_tells():
    told, lost = document.told(
        '{"kind":"cash","denominations":[{"value_minor":5000,"count":2,"kind":"note",'
        '"category":"4a"}],"suspects":[{"value_minor":2000,"currency":"EUR","category":"2"}],'
        '"rejected":3,"depositor":"7","sequence":12,"local_time":"2026-11-22T10:00:00",'
        '"cheque":{"number":"9","bank":"B"},"declared_minor":100,"more":{"a":[1]}}')
    assert lost == ()
    assert (told.denominations[0].count, told.suspects[0].category) == (2, "2")
    assert (told.rejected.count, told.sequence, told.cheque.number) == (3, 12, "9")


def test_what_cannot_be_read_is_left_out_and_named():
    told, lost = document.told('{"denominations":"many","depositor":"7","rejected":{"count":-"}')
    assert (told, lost) == (Told(), ("detail",))
    told, lost = document.told('{"denominations":[{"count":"x"}],"depositor":"7","shift":null}')
    assert (told.depositor, told.denominations, lost) == ("7", (), ("denominations",))
    assert document.told("[1]") == (Told(), ("detail",))


def test_a_whole_document_lacks_nothing():
    parties = Parties(OPERATOR, CLIENT, SAFE, "Ana")
    assert document.missing(parties, TOLD, "cash") == ()
    nobody = Parties(Operator(), Client(), SafeParty("S"))
    assert document.missing(nobody, Told(), "cash") == (
        "operator.name", "operator.address", "operator.tax_number", "client.name",
        "client.address", "client.iban", "safe.address", "depositor", "cassette", "local_time",
        "denominations")
    assert "denominations" not in document.missing(nobody, Told(), "envelope")


def test_addresses_of_master_data_in_any_shape():
    given = {"street": "A", "number": 5, "postcode": None, "town": "B", "country": "AT", "x": 1}
    assert document.address_of(given).lines == ("A 5", "B, AT")
    assert document.address_of("nowhere") == Address()
    assert Address(country="AT").lines == ("AT",)
    assert document.placed({"room": "office", "floor": 0, "address": "A 5\n\n1010 B"}, "AT") \
        == ("office, 0", "A 5", "1010 B")
    assert document.placed({"address": {"street": "A", "town": "B"}}, "SI") == ("A", "B, SI")
    assert document.placed([], "SI") == ()
