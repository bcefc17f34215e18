"""`tidegate doctor`: looks at everything an installation needs and says what is wrong and how to mend it."""

import asyncio
import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.cli.installation import open_store
from app.cli.output import AsJson, print_json, print_table
from app.clock import system_clock, today
from app.errors import TidegateError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.session import Store

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 38, 0)


class Verdict(StrEnum):
    """A failed check makes the command exit 1, a warning does not."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    verdict: Verdict
    detail: str


def doctor(as_json: AsJson = False) -> None:
    """Check this installation; exit 1 if something fails.  Example: tidegate doctor"""
    findings = list(examine())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(("check", "result", "detail"), [(f.check, f.verdict, f.detail) for f in findings])
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Every check in turn; those that need settings only where these can be read."""
    yield _at_least("python", sys.version_info[:3], OLDEST_PYTHON)
    yield _at_least("sqlite", sqlite3.sqlite_version_info, OLDEST_SQLITE)
    from app.settings import load_settings

    try:
        settings = load_settings()
    except TidegateError as fault:
        yield Finding("settings", Verdict.FAILED, fault.message)
        return
    yield Finding("settings", Verdict.OK, "every TIDEGATE_* name is known")
    yield _state_folder(settings.state_dir)
    yield _keys(settings)
    yield from _database(settings)
    yield _port(settings)


def _at_least(name: str, found: tuple[int, ...], oldest: tuple[int, ...]) -> Finding:
    text = ".".join(map(str, found))
    if found < oldest:
        return Finding(name, Verdict.FAILED, f"{text} is too old: {'.'.join(map(str, oldest))} or newer is needed")
    return Finding(name, Verdict.OK, text)


def _state_folder(folder: Path) -> Finding:
    if not folder.exists():
        return Finding("state folder", Verdict.WARNING, f"{folder} is made on first use")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("state folder", Verdict.FAILED, f"{folder} is no folder this user can write in")
    if folder.stat().st_mode & stat.S_IRWXO:
        return Finding("state folder", Verdict.WARNING, f"{folder} is open to every user: chmod o= {folder}")
    return Finding("state folder", Verdict.OK, str(folder))


def _keys(settings: "Settings") -> Finding:
    from app.security.keys import SIGNING_FILE, open_key_ring

    folder = settings.state_dir / "keys"
    signing = folder / SIGNING_FILE
    if not signing.exists():
        return Finding("keys", Verdict.WARNING, "a key pair is made on first use")
    try:
        ring = open_key_ring(folder, settings.trusted_keys)
    except (TidegateError, OSError) as fault:
        return Finding("keys", Verdict.FAILED, str(fault))
    for path in (folder, signing):
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return Finding("keys", Verdict.FAILED, f"{path} is open to other users: chmod go= {path}")
    return Finding("keys", Verdict.OK, f"{len(ring.verification)} accepted, signing with {ring.kid[:12]}…")


def _database(settings: "Settings") -> list[Finding]:
    """Looking must not make the file."""
    scheme, _, file = settings.store_url.partition(":///")
    if scheme.startswith("sqlite") and not Path(file.partition("?")[0]).exists():
        return [Finding("database", Verdict.FAILED, "not made yet: run `tidegate db upgrade`")]
    return asyncio.run(_in_database(settings))


async def _in_database(settings: "Settings") -> list[Finding]:
    from app.store import migrations

    try:
        async with open_store(settings, at_head=True) as store:
            differences = await migrations.differences(store)
            if differences:
                return [Finding("database", Verdict.FAILED, f"{len(differences)} differences: `tidegate db check`")]
            return [Finding("database", Verdict.OK, f"{store.dialect}, up to date"), await _tariff(store)]
    except TidegateError as fault:
        return [Finding("database", Verdict.FAILED, fault.message)]


async def _tariff(store: "Store") -> Finding:
    from app.services.tariff import list_revisions
    from app.tariff.schedule import RevisionInfo, in_force

    day = today(system_clock)
    revision = in_force(
        [
            RevisionInfo(row.name, row.effective_from, row.loaded_at, row.starter, row.sha256, row.id)
            for row in await list_revisions(store)
        ],
        day,
    )
    if revision is None:
        return Finding("tariff", Verdict.WARNING, f"no revision is in force on {day}: run `tidegate tariff load`")
    if revision.starter:
        return Finding("tariff", Verdict.WARNING, f"only the starter tariff is in force on {day}: load an official one")
    return Finding("tariff", Verdict.OK, f"{revision.name}, in force on {day}")


def _port(settings: "Settings") -> Finding:
    from app.cli.serve import listening_fault

    fault = listening_fault(settings.host, settings.port)
    place = f"{settings.host}:{settings.port}"
    return Finding("port", Verdict.FAILED, fault) if fault else Finding("port", Verdict.OK, f"{place} is free")
