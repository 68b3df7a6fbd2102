"""What the pages for users name is there: pages, routes and their questions, commands.

Knows Markdown as far as these pages use it. What a command or a route does is other tests'.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from authhost.cli import _parser
from authhost.doors.openapi import document
from authhost.doors.openapi_more import admin_document, station_document
from authhost.doors.openapi_payments import payments_document
from authhost.doors.openapi_safes import safe_document

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
_LINK: Final = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_ROUTE: Final = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[^\s`,;\")|]*(?:\|[a-z|]+[^\s`]*)?)")
_CALL: Final = re.compile(r"\$(?:API|SAFE)(/[^\s\"'$);]+)")
_MODULE: Final = re.compile(r"python -m ([a-z_.]+)")
_BLOCK: Final = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_INLINE: Final = re.compile(r"`(authhost [^`]*)`")
_ROOTS: Final = ("", "/v1/admin", "/v1/safes/{terminal_id}")  # where a page's paths may begin
_PLAIN: Final = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/openapi-admin.json",
                 "/openapi-safes.json", "/openapi-stations.json", "/openapi-payments.json",
                 "/hook"}  # of a merchant's own server
# Of the bank to test against, whose desk is no route table; the page of the interface is banks.md.
_BANK: Final = {"/payments", "/payments/{id}", "/files", "/statements/{iban}", "/books", "/health",
                "/conduct"}
_LOGGING: Final = ("bank", "custody", "safes", "receipts", "forecast", "certificates", "payments",
                   "merchants", "phones", "push", "webhooks")
_EVENT: Final = re.compile(r"_log\.(?:warning|error|exception)\(\s*\"([^\"]+)\"")
_ISSUING: Final = "issue"  # `authhost card issue` has a parser of its own
ROUTES: Final = {
    (method.upper(), path): {one["name"] for one in operation.get("parameters", ())
                             if one["in"] == "query"}
    for made in (document(), admin_document(), station_document(), safe_document(),
                 payments_document())
    for path, methods in made["paths"].items() for method, operation in methods.items()}


def pages(*only: str) -> list[Any]:
    """Pages as parameters, by their names."""
    return [pytest.param(page, id=page.name) for page in PAGES if not only or page.name in only]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: Path) -> None:
    found = [link for link in _LINK.findall(page.read_text(encoding="utf-8"))
             if not (page.parent / link).exists()]
    assert found == []


def test_every_page_is_found_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = {ROOT / link for link in _LINK.findall(readme)}
    assert [page.name for page in PAGES if page not in listed and page.name != "README.md"] == []


@pytest.mark.parametrize("page", pages(
    "safes.md", "custody.md", "receipts.md", "forecast.md", "clearing.md", "safe-program.md",
    "admin.md", "operations.md", "api.md", "stations.md", "banks.md", "payments.md", "phones.md",
    "webhooks.md", "streams.md", "qr.md", "settlement.md", "till.md", "answers.md"))
def test_routes_are_there_and_may_be_asked_so(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = [*_ROUTE.findall(text), *(("", path) for path in _CALL.findall(text))]
    assert [f"{method} {path}: {why}" for method, path in named
            if (why := objection(method, path, bank=page.name == "banks.md"))] == []


def test_an_operator_finds_what_the_rooms_say_in_the_log() -> None:
    said = {event for room in _LOGGING for path in sorted((ROOT / "authhost" / room).rglob("*.py"))
            for event in _EVENT.findall(path.read_text(encoding="utf-8"))}
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert len(said) > 10
    assert [event for event in sorted(said) if f"`{event}`" not in page] == []


def objection(method: str, target: str, *, bank: bool) -> str:
    """What is wrong with a route that a page names; '' nothing. method '': of a command."""
    path, _, query = target.replace("...", "").partition("?")
    if path in _PLAIN or (bank and any(fits(path, one) for one in _BANK)):
        return ""
    asked = {part.partition("=")[0] for part in query.split("&") if part}
    found = [questions for (there, template), questions in ROUTES.items()
             if method in ("", there) and any(fits(root + path, template) for root in _ROOTS)]
    if not found:
        return "there is no such route"
    return "" if any(asked <= questions for questions in found) else f"nobody knows {asked}"


def fits(path: str, template: str) -> bool:
    """Whether a path is one of a template; `{id}` is any part."""
    ours, theirs = path.rstrip("/").split("/"), template.split("/")
    return len(ours) == len(theirs) and all(
        there.startswith("{") or here == there for here, there in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("page", pages())
def test_commands_are_there_with_their_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [f"{' '.join(words)}: {why}" for words in commands(text)
            if (why := refused(words))] == []
    assert [name for name in _MODULE.findall(text)
            if importlib.util.find_spec(name.rstrip(".")) is None] == []


def commands(text: str) -> Iterator[list[str]]:
    """What follows `authhost` in a line of a shell, or between backticks."""
    lines = [line for block in _BLOCK.findall(text)
             for line in block.replace("\\\n", " ").splitlines()]
    for line in (*lines, *_INLINE.findall(text)):
        for part in re.split(r"[;&]| && |\$\(", line.replace("${", "{")):
            try:
                words = shlex.split(part.rstrip(") "), comments=True)
            except ValueError:  # a quote that goes on in the next line
                continue
            if words and words[0] == "authhost" and words[-1] != "v1":  # of a text to be signed
                yield words[1:]


def refused(words: list[str]) -> str:
    """What a command line does not know; '' nothing."""
    parser: argparse.ArgumentParser = _parser()
    rest = list(words)
    while rest and (choices := _choices(parser)):
        names = rest.pop(0).split("|")  # `block | unblock` in a text
        if names == [_ISSUING]:
            return ""
        if not names[0].isidentifier() or names[0].isupper():
            return ""  # COMMAND: any
        if unknown := [name for name in names if name not in choices]:
            return f"there is no {unknown}"
        parser = choices[names[0]]
    options = {option for action in parser._actions for option in action.option_strings}
    unknown = [word for word in rest if word.startswith("--")
               and word.partition("=")[0] not in options]
    return f"no option {unknown}" if unknown else ""


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


@pytest.mark.parametrize(("method", "path", "right"), [
    ("GET", "/v1/admin/cases?state=&kind=", True), ("GET", "/v1/admin/cases?shape=", False),
    ("DELETE", "/v1/admin/cases/{id}", False), ("POST", "/cases/7/decision", True),
    ("POST", "/cases/7/decisions", False), ("", "/safes/S1/clients/2", True)])
def test_a_route_that_is_wrong_is_seen(method: str, path: str, right: bool) -> None:
    assert (objection(method, path, bank=False) == "") is right


@pytest.mark.parametrize(("line", "right"), [
    ("authhost clear --date 2026-07-23 --out /x", True), ("authhost clean", False),
    ("authhost card block -", True), ("authhost card block --hard", False),
    ("TOKEN=$(authhost access add a --role bank --banc B)", False)])
def test_a_command_that_is_wrong_is_seen(line: str, right: bool) -> None:
    (words,) = commands(f"```sh\n{line}\n```")
    assert (refused(words) == "") is right
