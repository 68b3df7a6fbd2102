"""What custodians type: passphrases and components, not shown; or files, for demos and tests.

Knows a terminal and files; judges nothing. PromptError: a file with too little in it, or no
terminal.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from hsm_sim.ceremony import FEWEST, Part


class PromptError(Exception):
    """What was typed or read cannot be used, in words."""


def ask_parts(arguments: argparse.Namespace, algorithm: str, *,
              confirm: bool = False) -> list[Part]:
    """The parts of two or three custodians, one after the other."""
    names, passphrases, components = (arguments.custodian, arguments.passphrase_file,
                                      arguments.component_file)
    count = max(len(names), len(components), FEWEST)
    parts = []
    for number in range(count):
        name = names[number] if number < len(names) else _line(f"Custodian {number + 1}: ")
        file = passphrases[number] if number < len(passphrases) else None
        passphrase = ask_passphrase(name, file, confirm=confirm)
        file = components[number] if number < len(components) else None
        parts.append(Part(name, passphrase, *_component(name, algorithm, file)))
    return parts


def ask_passphrase(name: str, file: Path | None, *, confirm: bool = False) -> str:
    """A custodian's passphrase; typed twice when it is a new one."""
    if file is not None:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
        if not text:
            raise PromptError(f"{file} is empty")
        return text
    passphrase = _hidden(f"Passphrase of {name}: ")
    if confirm and passphrase != _hidden("The same once more: "):
        raise PromptError("the passphrases differ")
    return passphrase


def _component(name: str, algorithm: str, file: Path | None) -> tuple[str, str]:
    if file is not None:
        words = file.read_text(encoding="utf-8").split()
        if len(words) != 2:
            raise PromptError(f"{file}: a component, and the same again or its check value")
        return words[0], words[1]
    text = _hidden(f"Component of {name} ({algorithm}, hexadecimal): ").replace(" ", "")
    again = _hidden("The same once more, or its check value: ").replace(" ", "")
    return text, again


def _hidden(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise PromptError("no terminal to ask at: give files")
    return getpass.getpass(prompt)


def _line(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise PromptError("no terminal to ask at: give --custodian")
    return input(prompt).strip()
