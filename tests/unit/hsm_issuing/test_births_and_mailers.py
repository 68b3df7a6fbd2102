"""How a PIN is born, and the one way in which it leaves: JA, BA, PE."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hsm_sim.printer import Printer, PrinterError
from issuing.viewer import ViewerError, main, open_mailer

PAN = "7040010123456784"
ACCOUNT = PAN[-13:-1].encode()
FIELDS = b"B1-7;6784;Ana P\xc3\xa9rez;Calle 1;28001 Madrid"


def pin_of(bench: Any, token: bytes) -> str:
    """What no command tells."""
    return str(bench.unit.pin_from_lmk(token, ACCOUNT.decode()))


@pytest.mark.parametrize(("length", "digits"), [(b"", 4), (b"04", 4), (b"06", 6), (b"12", 12)])
def test_a_random_pin_has_the_length_asked_for(bench: Any, length: bytes, digits: int) -> None:
    token = bench.good(b"JA" + ACCOUNT + length)
    assert len(pin_of(bench, token)) == digits
    assert bench.unit.pin_from_lmk(token, ACCOUNT.decode()).isdecimal()


def test_random_pins_take_every_digit_in_every_place(bench: Any) -> None:
    pins = [pin_of(bench, bench.good(b"JA" + ACCOUNT)) for _ in range(1_000)]
    for place in range(4):
        counts = Counter(pin[place] for pin in pins)
        assert len(counts) == 10
        # 100 expected, standard deviation 9.5: six of them
        assert all(40 < count < 160 for count in counts.values()), counts
    assert len(set(pins)) > 900  # 952 expected of 10,000


def test_a_pin_is_bound_to_its_account(bench: Any) -> None:
    token = bench.good(b"JA" + ACCOUNT)
    key = bench.key("V2", bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), "C", "T")
    assert bench.ask(b"DG" + key + token + ACCOUNT + b"1")[:2] == b"00"
    assert bench.ask(b"DG" + key + token + b"123456789012" + b"1")[:2] == b"14"


@pytest.mark.parametrize("fields", [b"03", b"13", b"99"])
def test_a_pin_of_no_length_is_refused(bench: Any, fields: bytes) -> None:
    assert bench.ask(b"JA" + ACCOUNT + fields) == b"15"


@pytest.mark.parametrize("command", [b"JA", b"JA12345678901", b"JA12345678901x", b"BA1234",
                                     b"PE", b"PEX", b"PEC123456789012"])
def test_half_a_command_is_refused(bench: Any, command: bytes) -> None:
    bench.authorise("clear_pin")
    bench.authorise("mailer")
    assert bench.ask(command)[:2] == b"15"


def test_a_clear_pin_needs_two_people(bench: Any) -> None:
    command = b"BA" + b"1234".ljust(13, b"F") + ACCOUNT
    assert bench.ask(command) == b"17"
    bench.authorise("clear_pin")
    assert pin_of(bench, bench.good(command)) == "1234"
    assert "1234" not in str(bench.audit)


@pytest.mark.parametrize(("pin", "code"), [(b"12A4", b"15"), (b"123", b"24"), (b"", b"15"),
                                           (b"1F23", b"15")])
def test_a_clear_pin_that_is_none_is_refused(bench: Any, pin: bytes, code: bytes) -> None:
    bench.authorise("clear_pin")
    assert bench.ask(b"BA" + pin.ljust(13, b"F") + ACCOUNT) == code


def test_a_mailer_opens_with_the_print_shops_key_alone(bench: Any, shop: Any,
                                                       tmp_path: Any) -> None:
    bench.authorise("mailer")
    token = bench.good(b"JA" + ACCOUNT + b"05")
    assert bench.answers(b"PEC" + ACCOUNT + token + FIELDS) == [b"PF00", b"PZ00"]
    mailer = shop.spool / "B1-7.p7m"
    text = open_mailer(mailer, shop.key_file)
    assert f"PIN   {' '.join(pin_of(bench, token))}" in text
    assert "Ana Pérez\nCalle 1\n28001 Madrid\n" in text
    assert "ending in 6784" in text
    assert pin_of(bench, token) not in mailer.read_bytes().decode("latin-1")
    assert mailer.stat().st_mode & 0o777 == 0o600
    other = type(shop)(tmp_path)
    with pytest.raises(ViewerError):
        open_mailer(mailer, other.key_file)
    assert pin_of(bench, token) not in str(bench.audit)


def test_a_mailer_is_aes_256(bench: Any, shop: Any) -> None:
    bench.authorise("mailer")
    bench.answers(b"PEC" + ACCOUNT + bench.good(b"JA" + ACCOUNT) + FIELDS)
    # 2.16.840.1.101.3.4.1.42, aes256-CBC, as DER
    assert bytes.fromhex("0609608648016503040 12a".replace(" ", "")) in \
        (shop.spool / "B1-7.p7m").read_bytes()


def test_a_mailer_needs_two_people(bench: Any, shop: Any) -> None:
    token = bench.good(b"JA" + ACCOUNT)
    command = b"PEC" + ACCOUNT + token + FIELDS.replace(b"B1-7", b"B1-8")
    assert bench.answers(command) == [b"PF17"]
    assert not (shop.spool / "B1-8.p7m").exists()


def test_without_a_printer_nothing_is_printed(bench_without_printer: Any) -> None:
    bench = bench_without_printer
    bench.authorise("mailer")
    token = bench.good(b"JA" + ACCOUNT)
    assert bench.answers(b"PEC" + ACCOUNT + token + FIELDS) == [b"PF16"]


def test_a_spool_that_is_gone_is_a_printer_that_is_not_ready(bench: Any, shop: Any) -> None:
    bench.authorise("mailer")
    token = bench.good(b"JA" + ACCOUNT)
    away = shop.spool.with_name("away")
    shop.spool.rename(away)
    try:
        assert bench.answers(b"PEC" + ACCOUNT + token + FIELDS) == [b"PF16"]
    finally:
        away.rename(shop.spool)


@pytest.mark.parametrize(("fields", "code"), [
    (b"B1;6784;Ana", b"15"),                            # no address
    (b"B1;6784;Ana" + b";x" * 7, b"15"),                # too many lines of it
    (b"../B1;6784;Ana;x", b"15"),                       # a path
    (b".B1;6784;Ana;x", b"15"), (b";6784;Ana;x", b"15"),
    (b"B1;6784;" + b"A" * 65 + b";x", b"15"),
    (b"B1;6784;A\x0ana;x", b"15"), (b"B1;6784;\xff;x", b"15"),
    (b"B1;1234;Ana;x", b"22"), (b"B1;678;Ana;x", b"22")])
def test_a_field_that_the_form_has_not_is_refused(bench: Any, fields: bytes, code: bytes) -> None:
    bench.authorise("mailer")
    token = bench.good(b"JA" + ACCOUNT)
    assert bench.answers(b"PEC" + ACCOUNT + token + fields) == [b"PF" + code]


def test_a_pin_of_another_account_is_not_printed(bench: Any) -> None:
    bench.authorise("mailer")
    token = bench.good(b"JA" + b"123456789678")
    assert bench.answers(b"PEC" + ACCOUNT + token + FIELDS) == [b"PF14"]


def test_lmk_and_trailer_stand_behind_the_last_field(bench: Any, shop: Any) -> None:
    bench.authorise("mailer")
    token = bench.good(b"JA" + ACCOUNT)
    answers = bench.answers(b"PEA" + ACCOUNT + token + FIELDS + b"%00\x19tail")
    assert answers == [b"PF00\x19tail", b"PZ00\x19tail"]
    assert "28001 Madrid\n\n" in open_mailer(shop.spool / "B1-7.p7m", shop.key_file)


def test_the_viewer_shows_and_says_why_not(bench: Any, shop: Any, tmp_path: Any,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    bench.authorise("mailer")
    bench.answers(b"PEC" + ACCOUNT + bench.good(b"JA" + ACCOUNT) + FIELDS)
    mailer = shop.spool / "B1-7.p7m"
    assert main([str(mailer), "--key", str(shop.key_file)]) == 0
    assert "PIN   " in capsys.readouterr().out
    broken = tmp_path / "broken.p7m"
    broken.write_bytes(mailer.read_bytes()[:-20])
    assert main([str(broken), "--key", str(shop.key_file)]) == 1
    assert main([str(tmp_path / "none"), "--key", str(shop.key_file)]) == 1
    assert main([str(mailer), "--key", str(mailer)]) == 1
    assert capsys.readouterr().out == ""


def test_a_printer_wants_a_certificate_and_a_spool(shop: Any, tmp_path: Any) -> None:
    with pytest.raises(PrinterError, match="no certificate"):
        Printer(tmp_path / "none", shop.spool)
    with pytest.raises(PrinterError, match="no directory"):
        Printer(shop.certificate_file, tmp_path / "none")
