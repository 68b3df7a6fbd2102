"""The key of web push: made once, whole, for its owner alone; and the tokens that it signs."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authhost.push import bounds
from authhost.push.key import KeyProblem, load_key, make_key, public_text
from authhost.push.vapid import Vapid
from tests.support.push_server import raw


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "push.pem"
    made = make_key(path)
    assert public_text(load_key(path)) == public_text(made)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyProblem, match="is there"):
        make_key(path)
    assert public_text(load_key(path)) == public_text(made)
    assert [one.name for one in tmp_path.iterdir()] == ["push.pem"]
    assert len(raw(public_text(made))) == 65


def test_what_is_no_key_says_so(tmp_path: Path) -> None:
    path = tmp_path / "push.pem"
    with pytest.raises(KeyProblem, match="No such file"):
        load_key(path)
    with pytest.raises(KeyProblem, match="No such file"):
        make_key(tmp_path / "nowhere" / "push.pem")
    path.write_bytes(b"nothing")
    with pytest.raises(KeyProblem, match="no private key"):
        load_key(path)
    path.write_bytes(ec.generate_private_key(ec.SECP384R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(KeyProblem, match="P-256"):
        load_key(path)


def test_a_token_is_kept_for_its_service_until_it_is_old() -> None:
    vapid = Vapid(ec.generate_private_key(ec.SECP256R1()), "mailto:operator@example.com")
    first = vapid.authorization("https://push.example", 1_000_000)
    assert vapid.authorization("https://push.example", 1_000_000 + 3_600) == first
    assert vapid.authorization("https://other.example", 1_000_000) != first
    late = 1_000_000 + bounds.TOKEN_S - bounds.TOKEN_LEFT_S
    assert vapid.authorization("https://push.example", late) != first
    assert vapid.authorization("https://push.example", 0) != first, "a clock that was set back"
