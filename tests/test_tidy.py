"""The house rules, held by reading the tree: sizes, docstrings, imports, purity, dead code, SQL.

Knows files and syntax trees; runs nothing of what it reads. Every finding says where it is.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
ROOMS: Final = ("iso", "authhost", "hsm_sim", "chip", "issuing", "clearing", "terminals", "demo",
                "loadtest")
PAPERS: Final = ("README.md", "ARCHITECTURE.md", "INVARIANTS.md", "THREAT-MODEL.md",
                 "CONTRIBUTING.md", "docs/api.md", "docs/connect.md", "docs/operations.md",
                 "docs/edge.md", "docs/stations.md", "docs/admin.md", "docs/prices.md",
                 "docs/custody.md", "docs/days.md", "docs/invoices.md",
                 "docs/receipts.md", "docs/forecast.md", "docs/safes.md", "docs/banks.md",
                 "docs/bank-files.md", "docs/clearing.md", "docs/safe-program.md",
                 "docs/payments.md", "docs/phones.md",
                 "docs/qr.md", "docs/settlement.md", "docs/documents.md", "docs/engines.md",
                 "docs/streams.md",
                 "docs/till.md",
                 "docs/own-books.md", "docs/webhooks.md")
LONGEST_FUNCTION: Final = 70
LONGEST_FILE: Final = 500

# A module that says PURE in its docstring must not know these; `iso` need not say it. The demo's
# pure parts are given their randomness, and are left out.
PURE_ROOMS: Final = ("authhost", "clearing", "terminals")
IMPURE: Final = frozenset({
    "asyncio", "asyncpg", "hiredis", "os", "pathlib", "random", "secrets", "socket", "ssl",
    "subprocess", "tempfile", "threading", "time", "uuid"})
CLOCKS: Final = frozenset({"now", "today", "utcnow"})
UNFINISHED: Final = re.compile(r"\b(TO" r"DO|FIX" r"ME|NotImplemented" r"Error)\b")

# Called by others under these names: asyncio, httptools, uvicorn, Prometheus, rich, locust and
# msgspec.
CALLED_FROM_OUTSIDE: Final = frozenset({
    "capture_signals", "collect", "connection_lost", "connection_made", "data_received",
    "eof_received", "on_body", "on_header", "on_headers_complete", "on_message_begin",
    "on_message_complete", "on_start", "on_stop", "on_url", "pause_writing", "resume_writing"})

SQL: Final = re.compile(
    r"\s*(ALTER|CREATE|DELETE|DROP|INSERT|LOCK|SELECT|SET LOCAL|SHOW|TRUNCATE|UPDATE|WITH)\b [^.]")
# Statements short enough to be read where they are used. What is longer has a file.
LONGEST_ONE_LINER: Final = 90


def python_files(*tops: str) -> list[Path]:
    """The Python files below these folders of the tree."""
    return [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def at(path: Path, node: ast.AST | None = None) -> str:
    """file:line, as an editor opens it."""
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt | ast.alias) else ""
    return f"{path.relative_to(ROOT)}{line}"


def pure_files() -> Iterator[Path]:
    """`iso`, and every module that calls itself PURE."""
    yield from python_files("iso")
    for path in python_files(*PURE_ROOMS):
        if re.search(r"\bPURE\b", ast.get_docstring(tree(path)) or ""):
            yield path


def test_functions_are_short() -> None:
    found = [f"{at(path, node)} {node.name}: {length} lines"
             for path in python_files(*ROOMS, "tests") for node in ast.walk(tree(path))
             if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
             and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION]
    assert found == []


def test_files_are_short() -> None:
    paths = [path for top in (*ROOMS, "tests") for path in (ROOT / top).rglob("*")
             if path.suffix in {".py", ".sql", ".lua"}]
    found = [f"{at(path)}: {length} lines" for path in paths
             if (length := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE]
    assert found == []


def test_every_module_says_what_it_knows() -> None:
    found = [at(path) for path in python_files(*ROOMS, "tests")
             if path.read_text(encoding="utf-8").strip() and not ast.get_docstring(tree(path))]
    assert found == []


def test_imports_point_inward() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()",
         "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_pure_rooms_know_no_clock_no_chance_and_no_outside() -> None:
    found = []
    for path in pure_files():
        for node in ast.walk(tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found += [f"{at(path, node)} imports {name}" for name in names
                      if name.partition(".")[0] in IMPURE]
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
                    and node.func.attr in CLOCKS:
                found.append(f"{at(path, node)} asks a clock: {ast.unparse(node.func)}")
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "open":
                found.append(f"{at(path, node)} opens a file")
    assert found == []


def test_pure_rooms_have_no_float() -> None:
    """Seconds may be: `seconds: dict[str, float]` is a duration."""
    found = []
    for path in pure_files():
        durations = {id(part) for node in ast.walk(tree(path)) if isinstance(node, ast.AnnAssign)
                     and ast.unparse(node.target).endswith(("seconds", "_s"))
                     for part in ast.walk(node)}
        found += [at(path, node) for node in ast.walk(tree(path)) if id(node) not in durations
                  and ((isinstance(node, ast.Constant) and isinstance(node.value, float))
                       or (isinstance(node, ast.Name) and node.id == "float"))]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    files = [path for top in (*ROOMS, "tests", "docs") for path in sorted((ROOT / top).rglob("*"))
             if path.suffix in {".py", ".sql", ".lua", ".md", ".html"}]
    found = [f"{at(path)}:{number} {line.strip()}" for path in files
             for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
             if UNFINISHED.search(line)]
    assert found == []


@cache
def references() -> Counter[str]:
    """How often each name is used in the tree; a definition is no use."""
    used: Counter[str] = Counter()
    for path in python_files(*ROOMS, "tests"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                used[node.id] += 1
            elif isinstance(node, ast.Attribute):
                used[node.attr] += 1
            elif isinstance(node, ast.ImportFrom) and path.name != "__init__.py":
                used.update(alias.name for alias in node.names)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) \
                    and node.value.isidentifier():
                used[node.value] += 1  # a forward reference, or a name for getattr
    used["main"] += 1  # of authhost.cli: the entry point in pyproject.toml
    return used


def test_nothing_is_defined_that_nobody_uses() -> None:
    found = []
    for path in python_files(*ROOMS):
        exported = {ast.literal_eval(name) for node in tree(path).body
                    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
                    and isinstance(node.value, ast.List) for name in node.value.elts}
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            name = node.name
            if name.startswith("__") or name in CALLED_FROM_OUTSIDE or name in exported \
                    or any(called in ast.unparse(one) for one in node.decorator_list
                           for called in ("task", "add_listener", "command")):
                continue
            if not references()[name] and not is_user(node):
                found.append(f"{at(path, node)} {name}")
    assert found == []


def is_user(node: ast.AST) -> bool:
    """A locust user is found by its base class."""
    return isinstance(node, ast.ClassDef) and any("User" in ast.unparse(base)
                                                  for base in node.bases)


def sql_texts(path: Path) -> Iterator[tuple[ast.expr, str]]:
    """The strings of a file that read like SQL, formatted ones with a dot for each value."""
    inner: set[int] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in node.values}
            text = "".join(part.value if isinstance(part, ast.Constant) else "." for part in
                           node.values if isinstance(part, ast.Constant | ast.FormattedValue))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) \
                and id(node) not in inner:
            text = node.value
        else:
            continue
        if SQL.match(text):
            yield node, text


def test_sql_has_files_of_its_own() -> None:
    found = [f"{at(path, node)} {text[:60]}" for path in python_files(*ROOMS)
             for node, text in sql_texts(path)
             if node.lineno != node.end_lineno or len(text) > LONGEST_ONE_LINER]
    assert found == []


@pytest.mark.parametrize("room", ["authhost/journal", "authhost/pricing", "authhost/station",
                                  "authhost/admin", "authhost/safes", "authhost/custody",
                                  "authhost/bank", "authhost/receipts", "authhost/forecast",
                                  "authhost/certificates", "authhost/payments",
                                  "authhost/merchants", "authhost/phones", "authhost/push",
                                  "authhost/webhooks", "terminals/edge", "terminals/safe",
                                  "terminals/bank", "issuing", "clearing", "clearing/release",
                                  "clearing/bankfiles", "clearing/ownbooks",
                                  "demo", "loadtest"])
def test_every_statement_is_used(room: str) -> None:
    # The journal's statements are run by the rest of its room too: console, stored keys.
    texts = {node.value for path in python_files(room.partition("/")[0])
             for node in ast.walk(tree(path))
             if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert [at(path) for path in sorted((ROOT / room / "sql").glob("*.sql"))
            if path.stem not in texts] == []


def test_sql_and_lua_say_what_they_are() -> None:
    found = [at(path) for top in (*ROOMS, "docs") for path in sorted((ROOT / top).rglob("*"))
             if path.suffix in {".sql", ".lua"}
             and not path.read_text(encoding="utf-8").removeprefix("#!lua name=authhost\n")
             .lstrip().startswith("--")]
    assert found == []


def test_each_invariant_has_a_test_that_cites_it() -> None:
    cited: set[int] = set()
    for path in python_files("tests"):
        text = path.read_text(encoding="utf-8")
        cited |= {int(number) for number in re.findall(r"mark\.invariant\(([0-9]+)\)", text)}
    assert cited - set(range(1, 17)) == set(), "there are sixteen"
    assert set(range(1, 17)) - cited - planted() == set(), "nobody cites these"


def planted() -> set[int]:
    """What the planted bugs cite, by their first docstring."""
    return {int(number) for path in python_files("tests/planted")
            for number in re.findall(r"\b([0-9]+)\b", ast.get_docstring(tree(path)) or "")}


def test_the_papers_name_files_that_exist() -> None:
    """A path from the root or from a room, or a file's name alone."""
    named = re.compile(r"`((?:[\w.-]+/)+|(?:[\w.-]+/)*[\w.-]+\.(?:py|md|toml|sql|lua))`")
    there = {f"/{path.relative_to(ROOT)}{'/' * path.is_dir()}" for top in (*ROOMS, "tests", "docs")
             for path in ((ROOT / top), *(ROOT / top).rglob("*"))}
    there |= {f"/{path.name}" for path in ROOT.iterdir()}
    found = [f"{paper}: {name}" for paper in PAPERS
             for name in named.findall((ROOT / paper).read_text(encoding="utf-8"))
             if not any(path.endswith(f"/{name}") for path in there)]
    assert found == []
