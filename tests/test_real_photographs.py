"""At least 200 real photographs with EXIF, from packages fetched here and now, through the real commands byte for byte.

`scripts/real-photographs` fetches them into `.cache/`, once; where it can't, this is skipped by name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat
from PIL.ExifTags import IFD, Base

from fbbackup.catalog import open_reader
from fbbackup.simulator import Library, Simulator

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "real-photographs"
WANTED = 200
FETCHING_SECONDS = 300
THUMBNAIL = 320
TOLERANCE = 16
"""Mean difference of a channel between a thumbnail and the upright picture shrunk by Pillow; a wrong turn makes 50."""


@pytest.fixture
def photographs() -> list[Path]:
    command = [sys.executable, str(ROOT / "scripts" / "real-photographs"), str(CACHE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCHING_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"real photographs: their packages could not be fetched within {FETCHING_SECONDS} s")
    found = sorted(CACHE.glob("*.jpg"))
    print(done.stdout)
    if len(found) < WANTED:
        reason = (done.stdout + done.stderr).strip().splitlines()[-1:]
        pytest.skip(f"real photographs: only {len(found)} of {WANTED} could be had here ({' '.join(reason)})")
    return found


@dataclass
class Owner:
    """Somebody with an account at the pretend Facebook and an archive, who uses nothing but the command."""

    sim: Simulator
    home: Path

    @property
    def archive(self) -> Path:
        return self.home / "archive"

    def command(self, *arguments: str) -> Any:
        """The object that the command prints; it has to end with 0."""
        accounts = [{"name": "ada", "api_url": self.sim.url}]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FBBACKUP_")} | {
            "FBBACKUP_ARCHIVE": str(self.archive),
            "FBBACKUP_ACCOUNTS": json.dumps(accounts),
            "FBBACKUP_TOKEN_ADA": self.sim.token,
            "FBBACKUP_LIMITS_KEEP_FREE_BYTES": "0",
            "XDG_STATE_HOME": str(self.home / "state"),
            "HOME": str(self.home),
        }
        line = [sys.executable, "-W", "error", "-m", "fbbackup", *arguments, "--json"]
        done = subprocess.run(line, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        db = open_reader(self.archive / "catalog.sqlite")
        try:
            return [dict(row) for row in db.execute(sql)]
        finally:
            db.close()


@pytest.mark.timeout(FETCHING_SECONDS + 300)
def test_real_photographs_are_backed_up_byte_for_byte(photographs: list[Path], tmp_path: Path) -> None:
    originals = {sha256(path.read_bytes()).hexdigest(): path for path in photographs}
    assert len(originals) == len(photographs) >= WANTED
    with Simulator(Library(photos_from=CACHE), budget=10_000) as sim:
        ada = Owner(sim, tmp_path)
        first = ada.command("sync")
        assert first["outcome"] == "complete"
        assert first["counters"]["photos_stored"] == first["counters"]["thumbnails"] == len(originals)
        stored = ada.rows("SELECT p.id, p.sha256, p.file_date, p.file_date_source, f.key, f.width, f.height "
                          "FROM photos p JOIN files f ON f.sha256 = p.sha256 WHERE p.state = 'stored'")  # fmt: skip
        assert {row["id"]: row["sha256"] for row in stored} == dict(sim.expected())
        kept = [ada.archive / row["key"] for row in stored]
        assert {sha256(path.read_bytes()).hexdigest() for path in kept} == set(originals)

        for row in stored:
            path = originals[row["sha256"]]
            check_thumbnail(path, ada.archive / "thumbnails" / str(THUMBNAIL) / row["sha256"][:2], row["sha256"])
            check_date(path, row)

        before = sim.world.ledger.cdn_requests
        second = ada.command("sync")
        assert second["outcome"] == "complete"
        assert second["bytes"] == second["counters"]["photos_stored"] == 0
        assert sim.world.ledger.cdn_requests == before == len(originals)
        report = ada.command("doctor", "--strict")
        assert (report["ok"], report["findings"]) == (True, [])
        assert sim.leaks == []


def check_thumbnail(original: Path, folder: Path, name: str) -> None:
    """It is small, upright, looks like the photograph and says nothing about camera or place."""
    with Image.open(folder / f"{name}.webp") as image, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's reader of EXIF warns of what real cameras write
        thumbnail = image.convert("RGB")
        assert not {"exif", "xmp", "icc_profile"} & set(image.info), original.name
        with Image.open(original) as photograph:
            upright = ImageOps.exif_transpose(photograph.convert("RGB"))
    upright.thumbnail((THUMBNAIL, THUMBNAIL))
    assert max(thumbnail.size) == min(THUMBNAIL, max(upright.size)), original.name
    assert all(abs(a - b) <= 1 for a, b in zip(thumbnail.size, upright.size, strict=True)), original.name
    difference = ImageChops.difference(thumbnail, upright.resize(thumbnail.size))
    assert max(ImageStat.Stat(difference).mean) < TOLERANCE, original.name


def check_date(original: Path, row: dict[str, Any]) -> None:
    """The camera's time counts wherever it is one."""
    taken_at = time_of_taking(original)
    if taken_at is not None:
        assert (row["file_date_source"], row["file_date"]) == ("exif", taken_at), original.name
    else:
        assert row["file_date_source"] in ("created", "backdated"), original.name


def time_of_taking(original: Path) -> str | None:
    """DateTimeOriginal as Pillow reads it, in UTC, if it is a time that can be."""
    with Image.open(original) as image, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        details = image.getexif().get_ifd(IFD.Exif)
    written = str(details.get(Base.DateTimeOriginal, "")).split("\0")[0].strip()
    if not re.fullmatch(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", written):
        return None
    offset = str(details.get(Base.OffsetTimeOriginal, "")).strip("\0 ")
    zone = offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else "+00:00"
    try:
        taken_at = datetime.strptime(written + zone, "%Y:%m:%d %H:%M:%S%z").astimezone(UTC)
    except ValueError:
        return None
    if taken_at > datetime.now(UTC) + timedelta(hours=14):
        return None
    return taken_at.strftime("%Y-%m-%dT%H:%M:%SZ")
