"""The library behind a drawn export: what an import has to bring out, whatever layout the export has."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from PIL import Image

from fbbackup.simulator import Simulator
from fbbackup.simulator.content import album_name, caption

WORDS = ("Hafen", "Café", "Smørrebrød", "写真", "Привет", "🙂 sunset", "naïve", "Łódź", "plain words", "Ångström")
PLACES = (("Malmö", 55.6, 13.0), ("Kraków", 50.06, 19.94), ("São Paulo", -23.55, -46.63))
FIRST = 1_300_000_000


@dataclass
class Picture:
    """A photo or video with everything that an export may say of it; times are unix seconds."""

    id: str
    body: bytes
    created: int
    album: str | None = None
    caption: str | None = None
    taken: int | None = None
    backdated: int | None = None
    spot: tuple[float, float] | None = None
    place: tuple[str, float, float] | None = None
    people: tuple[str, ...] = ()
    comments: tuple[tuple[int, str | None, str], ...] = ()
    video: bool = False
    where: str = "album"

    @property
    def numbers(self) -> tuple[int, int]:
        """The other two numbers of the name that its file has at Facebook."""
        dice = random.Random(self.id)
        return dice.randrange(10**7, 10**9), dice.randrange(10**15, 10**16)

    @property
    def file_date(self) -> tuple[str, str]:
        """Catalog's spelling of the date that has to win, and its source."""
        for at, source in ((self.taken, "taken"), (self.backdated, "backdated")):
            if at is not None:
                return stamp(at), source
        return stamp(self.created), "created"


@dataclass
class Album:
    id: str
    title: str
    description: str = ""
    updated: int = FIRST

    @property
    def suffix(self) -> str:
        """What stood behind the folder's name before it was the id."""
        dice = random.Random(self.id)
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
        return "".join(dice.choice(letters) for _ in range(9)) + "Z"


@dataclass
class Truth:
    owner: str = "Ada Exämple"
    username: str = "ada.example"
    albums: list[Album] = field(default_factory=list)
    photos: list[Picture] = field(default_factory=list)

    def of(self, album: Album) -> list[Picture]:
        return [photo for photo in self.photos if photo.album == album.id]

    def loose(self, where: str) -> list[Picture]:
        return [photo for photo in self.photos if photo.album is None and photo.where == where]


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def jpeg(number: int, size: tuple[int, int] = (96, 64), quality: int = 85) -> bytes:
    """A small picture that looks like no other number's."""
    dice = random.Random(number)
    small = Image.new("RGB", (9, 6))
    small.putdata([tuple(dice.randrange(256) for _ in range(3)) for _ in range(54)])
    out = io.BytesIO()
    small.resize(size, Image.Resampling.BILINEAR).save(out, "JPEG", quality=quality)
    return out.getvalue()


def video(number: int) -> bytes:
    """The least that counts as a video."""
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + number.to_bytes(8, "big") * 40


def drawn(seed: int = 1, photos: int = 30, albums: int = 4) -> Truth:
    """A library of every kind of thing that exports hold."""
    dice = random.Random(seed)
    found = Truth()
    for number in range(albums):
        title = ("Trip to {}", "{} photos", "{}")[number % 3].format(WORDS[number % len(WORDS)])
        found.albums.append(Album(str(10150000000000000 + 100 * number + seed), f"{title} {number}", WORDS[number % 3],
                                  FIRST + number * 1000))  # fmt: skip
    for number in range(photos):
        found.photos.append(_picture(dice, seed, number, found.albums))
    return found


def _picture(dice: random.Random, seed: int, number: int, albums: list[Album]) -> Picture:
    created = FIRST + number * 86_413 + dice.randrange(1000)
    where = ("album", "album", "album", "post", "uncategorized", "album", "video", "story", "archive", "trash")[
        number % 10
    ]
    album = albums[number % len(albums)].id if where == "album" and albums else None
    is_video = where == "video"
    return Picture(
        id=str(10151000000000000 + seed * 10**9 + number * 7),
        body=video(seed * 10_000 + number) if is_video else jpeg(seed * 10_000 + number),
        created=created,
        album=album,
        caption=f"{dice.choice(WORDS)} {number}" if dice.random() < 0.7 else None,
        taken=created - dice.randrange(10**6) if dice.random() < 0.3 else None,
        backdated=created - 10**8 if where == "post" and dice.random() < 0.5 else None,
        spot=(round(dice.uniform(-80, 80), 4), round(dice.uniform(-170, 170), 4)) if dice.random() < 0.3 else None,
        place=dice.choice(PLACES) if where == "post" else None,
        people=("Bo Exåmple", "Cy") if where == "post" and dice.random() < 0.5 else (),
        comments=((created + 60, "Bo Exåmple", f"Schön {number}"), (created + 90, None, "😀"))
        if number % 4 == 0
        else (),
        video=is_video,
        where=where,
    )


def of_simulator(sim: Simulator) -> Truth:
    """The pretend Facebook's library as its owner's export would hold it: own photos, in albums and loose."""
    library = sim.library
    found = Truth(owner=library.owner_name)
    for album_id in library.album_list():
        album = library.album(album_id)
        assert album is not None
        found.albums.append(Album(album_id, album_name(library, album), updated=album.created))
    for photo_id in library.own_photos("uploaded"):
        item = library.item(photo_id)
        assert item is not None
        found.photos.append(
            Picture(photo_id, sim.largest_bytes(photo_id), item.created, item.album_id, caption(library, item),
                    where="album" if item.album_id else "uncategorized")
        )  # fmt: skip
    return found
