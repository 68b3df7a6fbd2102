"""Two tables of references and amounts."""

from authhost.custody.comparing import Differs, compared


def test_what_is_missing_or_differs_on_either_side():
    assert compared({"A": 1, "B": 2}, {"A": 1, "B": 2}) == ()
    assert compared({"A": 1, "B": 2, "C": 0}, {"B": 3, "D": 4}) == (
        Differs("A", 1, None), Differs("B", 2, 3), Differs("C", 0, None), Differs("D", None, 4))
