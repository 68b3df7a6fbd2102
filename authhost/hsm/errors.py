"""What can become of a call to the HSM besides an answer. PURE."""

from __future__ import annotations


class HsmUnavailable(Exception):
    """No HSM has answered in time. Nothing was decided: the call may be made again."""


class HsmRefused(Exception):
    """The HSM will not do it: a key, a setting or an authorisation is not as it should be.

    command and code are the HSM's own two letters and two characters; no field of the command is
    kept, for it may be a PIN block or an account number.
    """

    def __init__(self, command: str, code: str) -> None:
        super().__init__(f"the HSM answers {command} with error {code}: {meaning(code)}")
        self.command = command
        self.code = code


_MEANINGS = {
    "01": "verification failed, or a key's parity is wrong",
    "10": "the first key's parity is wrong, or it is none",
    "11": "the second key's parity is wrong, or it is none",
    "12": "no keys are loaded in the user storage",
    "13": "a key is not under this HSM's local master key",
    "15": "a field of the command cannot be read",
    "17": "the HSM is not in the authorised state for this",
    "20": "the PIN block does not hold a PIN",
    "23": "the PIN block's format is not known",
    "24": "the PIN is shorter than 4 or longer than 12 digits",
    "26": "the key scheme is not allowed here",
    "27": "the key's length is not allowed here",
    "29": "the key may not do this",
    "41": "an internal fault of the HSM",
    "67": "the command is not licensed",
    "68": "the command is disabled",
    "69": "the PIN block's format is disabled",
    "80": "the message's length is wrong",
}


def meaning(code: str) -> str:
    """An error code in words, as far as it is common to all commands."""
    if code in _MEANINGS:
        return _MEANINGS[code]
    return "the key block is not as the command wants it" if code[:1] in {"A", "B"} else "unknown"
