"""Numbers of cassettes: the check digit finds every wrong digit."""

import pytest

from authhost.safes.sscc import is_sscc, made


def test_the_check_digit_is_gs1s():
    assert made("10614141", 234567890) == "106141412345678908"
    assert is_sscc("106141412345678908")


def test_a_wrong_digit_is_seen():
    number = made("0400638133", 42)
    for place, digit in enumerate(number):
        other = str((int(digit) + 1) % 10)
        assert not is_sscc(number[:place] + other + number[place + 1:])


@pytest.mark.parametrize("text", ["", "1" * 17, "1" * 19, "10614141234567890x",
                                  "\u0661" * 18, " 06141412345678908"])
def test_what_is_no_number(text):
    assert not is_sscc(text)


@pytest.mark.parametrize(("prefix", "serial"), [
    ("", -1), ("04x", 1), ("0400638133", 10**7), ("1" * 17, 0)])
def test_what_does_not_fit_is_not_made(prefix, serial):
    with pytest.raises(ValueError, match=r"prefix|serial"):
        made(prefix, serial)
