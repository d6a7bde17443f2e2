"""The demonstration: a pretend Facebook in a process of its own, three runs against it, and what to look at next."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fbbackup.app import SyncOptions, SyncResult, sync_accounts
from fbbackup.config import Account, Config
from fbbackup.credentials import without_secrets
from fbbackup.errors import FbbackupError

ACCOUNT = "demo"
PHOTOS_IN_AN_ALBUM = 25
SAMPLE_QUERY = "SELECT file_date, caption, albums, path FROM library LIMIT 10"


def run_demo(*, photos: int, folder: Path | None, quiet: bool) -> dict[str, Any]:
    """Backs up a drawn library three times: anew, unchanged, and after somebody edited it upstream."""
    home = folder or Path(tempfile.mkdtemp(prefix="fbbackup-demo-"))
    archive = home / "archive"
    results: list[SyncResult] = []
    say = _silent if quiet else _say
    with _simulator(photos) as facebook:
        _control(facebook, "settings", videos_without_source=False)
        config = Config(archive=archive, accounts=(Account(name=ACCOUNT, api_url=facebook["url"]),))
        environ = {"FBBACKUP_TOKEN_DEMO": facebook["token"], "XDG_STATE_HOME": str(home / "state"), "HOME": str(home)}
        say(f"A pretend Facebook with {photos} photos listens at {facebook['url']}; the archive is {archive}")
        for title in ("First run", "Second run, nothing changed", "Third run, after an edit upstream"):
            if results and title.startswith("Third"):
                say(_edit(facebook))
            result = sync_accounts(config, archive, SyncOptions(), quiet=quiet, environ=environ)[0]
            results.append(result)
            say(f"{title}: {result.run.line}")
    lines = _next_steps(archive) + ([] if folder else [f"  remove     rm -r {shlex.quote(str(home))}"])
    return {"archive": str(archive), "runs": [result.record() for result in results], "lines": lines}


def _edit(facebook: dict[str, Any]) -> str:
    """Changes the pretend library as a person would: two new photos, one other caption, one photo taken down."""
    album = max(_control(facebook, "albums"), key=lambda found: int(found["count"]))
    members = _control(facebook, f"photos?album={album['id']}&limit=3")
    for caption in ("Just arrived: first light", "Just arrived: last light"):
        _control(facebook, "add-photo", album=album["id"], caption=caption)
    _control(facebook, "recaption", id=members[0], text="A caption that was written anew")
    _control(facebook, "delete-photo", id=members[1])
    return f"Upstream, in “{album['name']}”: 2 photos added, 1 caption changed, 1 photo taken down"


def _control(facebook: dict[str, Any], verb: str, **given: object) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the simulator's own loopback address
        f"{facebook['url']}/__control__/{verb}", data=json.dumps(given).encode() if given else None
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _silent(line: str) -> None:
    return None


def command_for(archive: Path) -> str:
    """What to type before a command's name, so that it is about this archive."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "fbbackup" else "fbbackup"
    return f"{shlex.quote(program)} --archive {shlex.quote(str(archive))}"


def _next_steps(archive: Path) -> list[str]:
    catalog = archive / "catalog.sqlite"
    command = command_for(archive)
    return [
        "What to look at next:",
        f"  pictures   {archive / 'photos'} (one folder a month)",
        f"  catalog    {catalog} (any SQLite tool opens it)",
        f"             sqlite3 {shlex.quote(str(catalog))} '{SAMPLE_QUERY}'",
        f"  status     {command} status",
        f"  proof      {command} audit; {command} doctor --strict",
        "  the edit   the views caption_history and gone in the catalog",
    ]


@contextmanager
def _simulator(photos: int) -> Iterator[dict[str, Any]]:
    albums = max(2, photos // PHOTOS_IN_AN_ALBUM)
    command = [sys.executable, "-m", "fbbackup.simulator", "--photos", str(photos), "--albums", str(albums)]
    command += ["--port", "0", "--exit-with-stdin", "--json"]
    process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=without_secrets()
    )
    try:
        yield _announcement(process.stdout)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _announcement(stdout: IO[str] | None) -> dict[str, Any]:
    line = stdout.readline() if stdout is not None else ""
    if not line:
        raise FbbackupError("the pretend Facebook did not start; run `python -m fbbackup.simulator` to see why")
    announced: dict[str, Any] = json.loads(line)
    return announced
