"""Picture servers that lie about all of fifty photos, then tell the truth: how many wrong photos are kept.

Whatever length, digest, magic bytes, decoding or dimensions can tell is never stored. What nobody can see has its own
test, which asserts what happens then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from fbbackup.simulator import Library, Simulator
from tests.end_to_end.conftest import MakeHome, make_home  # noqa: F401
from tests.end_to_end.harness import HASTY, PATIENT, Home

Figure = Callable[[str], None]

PHOTOS = 50
MOST_RUNS = 3
"""The run stops asking a server that fails so often in a row; the next run asks for the photos that are left."""


@dataclass(frozen=True)
class Lie:
    """A kind of lie as faults of the simulator, in the order in which they strike.

    `unseen_in` is a format whose files look whole under it. `patient` is false where waiting is all there is to do.
    """

    kind: str
    faults: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    patient: bool = True
    unseen_in: str = ""


def lie(kind: str, *faults: str, patient: bool = True, unseen_in: str = "", **options: Any) -> Lie:
    return Lie(kind, faults, options, patient, unseen_in)


VISIBLE = [
    lie("body cut, right length", "cut"),
    lie("body cut, no length", "cut-close"),
    lie("body cut before its last byte, no length", "cut-close", at=-1),
    lie("body cut, chunked", "cut-chunked"),
    lie("body cut, gzip", "cut-gzip"),
    lie("length too large", "longer-length"),
    lie("length too small, body cut to it", "shorter-length"),
    lie("length too small, no digest", "shorter-length", "no-digest"),
    lie("200 with a login page", "html"),
    lie("200 with a JSON error", "json"),
    lie("200 with nothing", "empty"),
    lie("placeholder of 1×1", "pixel"),
    lie("picture of half the size", "other-size"),
    lie("flipped bit, digest", "flip"),
    lie("hole, digest", "hole"),
    lie("zeros, digest", "zeros"),
    lie("zeros, no digest", "zeros", "no-digest"),
    lie("second half zeros, digest", "half-zeros"),
    lie("second half zeros, no digest, JPEG and PNG", "half-zeros", "no-digest", unseen_in="image/webp"),
    lie("another photo, digest", "other-photo", digest="kept"),
    lie("bytes after the end, digest", "trailing"),
    lie("wrong digest", "wrong-digest"),
    lie("206 with a part nobody asked for", "unasked-part"),
    lie("416", "unasked-416"),
    lie("one byte a second", "drip", patient=False),
    lie("no answer", "stall-before", patient=False),
    lie("headers, then nothing", "stall-headers", patient=False),
    lie("half a body, then nothing", "stall-body", patient=False),
    lie("reset before the answer", "reset"),
    lie("reset in the middle", "reset-body"),
    lie("500", "server-error"),
    lie("502 with a page", "bad-gateway"),
    lie("503", "unavailable"),
    lie("429", "too-many"),
    lie("404", "gone"),
    lie("403, address expired", "url-expired"),
    lie("redirected in a circle", "redirect-loop"),
    lie("redirected twenty times", "redirect-hops"),
    lie("redirected to a file", "redirect-file"),
    lie("redirected to a private address", "redirect-private"),
    lie("redirected to another host", "redirect-host"),
]
HARMLESS = [
    lie("wrong type, right bytes", "wrong-type"),
    lie("gzip, whole", "gzip"),
    lie("no length, whole", "close-delimited"),
    lie("chunked, whole", "chunked"),
    lie("206 and 416 to ranges", "range-shifted", "range-refused"),
]
UNSEEN = [
    lie("flipped bit, no digest", "flip", "no-digest"),
    lie("hole, no digest", "hole", "no-digest"),
    lie("second half zeros, no digest, WebP", "half-zeros", "no-digest"),
    lie("another photo of the same size, no digest", "other-photo"),
    lie("bytes after the end, no digest", "trailing", "no-digest"),
]
SAMPLE = ("body cut, no length", "zeros, no digest")


@pytest.fixture(scope="module")
def facebook() -> Iterator[Simulator]:
    with Simulator(Library(album_sizes=[30, 20], largest=96), budget=10_000_000) as sim:
        assert len(dict(sim.expected())) == PHOTOS
        yield sim


@dataclass(frozen=True)
class Told:
    """What a lie led to: wrong photos stored under it, and wrong and right ones after a healthy run."""

    lie: Lie
    bad: dict[str, str]
    bad_after: dict[str, str]
    good_after: int

    def line(self) -> str:
        name = f"lying server, {self.lie.kind}:"
        return f"{name:<60} {len(self.bad):>2} bad stored, {len(self.bad_after):>2} after a healthy run"


def told(home: Home, kind: Lie) -> Told:
    """Lets the server lie about every photo, then not."""
    sim = home.sim
    sim.faults.clear()
    home.forget()
    for name in kind.faults:
        sim.faults.set(name, **kind.options)
    for _ in range(MOST_RUNS):
        home.sync(PATIENT if kind.patient else HASTY)
        if sim.world.ledger.pictures.keys() == home.expected().keys():
            break
    assert sim.world.ledger.pictures.keys() == home.expected().keys(), "not every photo was lied about"
    bad = wrong(home, kind)
    sim.faults.clear()
    sim.world.ledger.canaries.clear()
    home.sync()
    return Told(kind, bad, wrong(home, kind), len(home.expected().items() & home.current().items()))


def wrong(home: Home, kind: Lie) -> dict[str, str]:
    """Photos that are stored with other bytes than they have, with the digests of these."""
    expected = home.expected()
    formats = dict(home.rows("SELECT id, content_type FROM photos"))
    return {
        id_: digest
        for id_, digest in home.current().items()
        if digest != expected[id_] and formats[id_] != kind.unseen_in
    }


def seen_through(home: Home, kind: Lie) -> Told:
    found = told(home, kind)
    assert (found.bad, found.bad_after) == ({}, {}), kind.kind
    assert kind.unseen_in or found.good_after == PHOTOS
    assert set(home.files()) == {key for (key,) in home.rows("SELECT key FROM files")}
    return found


@pytest.mark.parametrize("kind", [one for one in VISIBLE if one.kind in SAMPLE], ids=lambda one: one.kind)
def test_a_sample_of_lies(make_home: MakeHome, facebook: Simulator, figure: Figure, kind: Lie) -> None:  # noqa: F811
    figure(seen_through(make_home(sim=facebook), kind).line())


@pytest.mark.sweep
@pytest.mark.timeout(3600)
def test_every_lie_that_can_be_seen(make_home: MakeHome, facebook: Simulator, figure: Figure) -> None:  # noqa: F811
    found = [seen_through(make_home(sim=facebook), kind) for kind in (*VISIBLE, *HARMLESS)]
    for one in found:
        figure(one.line())
    bad, after = sum(len(one.bad) for one in found), sum(len(one.bad_after) for one in found)
    figure(
        f"lying servers, {len(found)} kinds × {PHOTOS} photos: {bad} bad stored, {after} bad and "
        f"{sum(one.good_after for one in found)} good after healthy runs"
    )


@pytest.mark.parametrize(
    "kind",
    [one if one is UNSEEN[0] else pytest.param(one, marks=pytest.mark.sweep) for one in UNSEEN],
    ids=lambda one: one.kind,
)
def test_what_nobody_can_see(make_home: MakeHome, facebook: Simulator, figure: Figure, kind: Lie) -> None:  # noqa: F811
    """Whole pictures of the announced size without a digest are taken for what they claim to be, and stay.

    The archive is sound all the same: it holds what the server sent, and knows its SHA-256.
    """
    home = make_home(sim=facebook)
    found = told(home, kind)
    assert found.bad
    assert found.bad_after == found.bad
    assert found.good_after == PHOTOS - len(found.bad)
    sizes = dict(home.rows("SELECT sha256, width || '×' || height FROM files"))
    announced = {id_: f"{w}×{h}" for id_, w, h in home.rows("SELECT id, width, height FROM photos")}
    assert all(sizes[digest] == announced[id_] for id_, digest in found.bad.items())
    figure(found.line())
