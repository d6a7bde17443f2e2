"""What people wrote and marked: captions, places, tags, comments and reactions, computed from a photo's number."""

from __future__ import annotations

from typing import Any

from fbbackup.simulator.clock import graph_date
from fbbackup.simulator.dice import chance, pick, roll
from fbbackup.simulator.library import Album, Item, Library
from fbbackup.simulator.words import (
    ALBUM_NAMES,
    COMMENTS,
    HOSTILE_NAMES,
    MOMENTS,
    PLACES,
    REACTIONS,
    SCENES,
    TIMES,
)

Json = dict[str, Any]


def scene_of(library: Library, item: Item) -> tuple[str, str]:
    """The scene and time of day that a picture shows and its caption speaks of."""
    return pick(SCENES, library.seed, item.number, 1), pick(TIMES, library.seed, item.number, 2)


def caption(library: Library, item: Item) -> str | None:
    """The caption; about a third of the photos has none."""
    edits = library.overrides.get(item.id)
    if edits is not None and "name" in edits:
        return None if edits["name"] is None else str(edits["name"])
    seed, number = library.seed, item.number
    if library.folder and number < library.photos:
        return library.folder.files[number].stem.replace("_", " ")
    if library.hostile and chance(30, seed, number, 3):
        return pick(HOSTILE_NAMES, seed, number, 4)
    if chance(30, seed, number, 5):
        return None
    scene, moment = scene_of(library, item)
    return pick(MOMENTS[scene], seed, number, 6).replace("{time}", moment)


def alt_text(library: Library, item: Item) -> str | None:
    """The text that Facebook's machine would write; about real photographs it knows nothing."""
    if library.folder and item.number < library.photos:
        return None
    things = {
        "sea": "ocean and twilight", "hills": "mountain and fog", "city": "skyscraper and twilight",
        "forest": "fir tree", "lake": "lake and mountain", "desert": "desert", "snow": "snow and mountain",
        "balloons": "hot-air balloon", "aurora": "aurora",
    }  # fmt: skip
    return f"May be an image of {things[scene_of(library, item)[0]]}"


def album_name(library: Library, album: Album) -> str:
    """An album's name: a hostile one, a friendly one or a numbered one."""
    index = album.index or 0
    if library.folder:
        return library.folder.album_name(index)
    if library.hostile and index >= (4 if library.typed else 0):
        return HOSTILE_NAMES[(index - (4 if library.typed else 0)) % len(HOSTILE_NAMES)]
    if library.typed and index < len(ALBUM_NAMES):
        return ALBUM_NAMES[index]
    if not library.layout.sizes[index]:
        return ALBUM_NAMES[5]
    names = ALBUM_NAMES[6:]
    turn = index // len(names)
    return names[index % len(names)] + (f" {turn + 1}" if turn else "")


def place(library: Library, item: Item) -> Json | None:
    """A page with a location, in all the shapes that old and new data has."""
    seed, number = library.seed, item.number
    if not chance(45, seed, number, 10):
        return None
    which = roll(seed, number, 11) % len(PLACES)
    name, city, country, latitude, longitude = PLACES[which]
    found: Json = {"id": library.ids.place.id_of(which), "name": name}
    location: Json = {"city": city, "country": country, "latitude": latitude, "longitude": longitude}
    shape = roll(seed, number, 12) % 10 if library.odd else 0
    if shape == 1:
        found["location"] = f"{city}, {country}"
    elif shape == 2:
        return {"id": found["id"]}
    elif shape == 3:
        found["location"] = {"city": city}
    elif shape == 4:
        found["location"] = location | {"street": "", "state": "", "zip": "22100", "located_in": 1.1000000000002e14}
    elif shape == 5:
        found["location"] = location | {"region": "South", "region_id": 88, "city_id": 7, "country_code": "XX"}
    elif shape != 6:
        found["location"] = location | {"located_in": library.ids.place.id_of(which + 100)}
    return found | ({"overall_rating": 4.2} if shape == 7 else {})


def name_tags(library: Library, item: Item) -> Any:
    """People named in the caption: a list today, a dict by offset in old data, and `[]` when that is empty."""
    shape = roll(library.seed, item.number, 20) % 12
    if shape > 3:
        return None
    if shape == 3:
        return [] if library.odd else None
    person = 1 + roll(library.seed, item.number, 21) % 9
    name = library.person_name(person)
    tag = {"id": library.person_id(person), "name": name, "type": "user", "offset": 4, "length": len(name)}
    return {"4": [tag]} if shape == 2 and library.odd else [tag]


def tags(library: Library, item: Item) -> list[Json]:
    """Marked people; plain-text tags have no id."""
    seed, number = library.seed, item.number
    found: list[Json] = []
    for turn in range(roll(seed, number, 30) % 4 if chance(35, seed, number, 31) else 0):
        person = 1 + roll(seed, number, 32, turn) % 9
        tag: Json = {"id": library.person_id(person), "name": library.person_name(person)}
        if chance(25, seed, number, 33, turn):
            tag = {"name": "grandma's neighbour"}
        spot = roll(seed, number, 34, turn)
        found.append(tag | {"created_time": graph_date(item.created + 60), "x": spot % 10_000 / 100,
                            "y": spot // 10_000 % 10_000 / 100})  # fmt: skip
    if item.number >= 1_000_000_000 and item.owner:
        found.append({"id": library.owner_id, "name": library.owner_name, "x": 40.5, "y": 33.3,
                      "created_time": graph_date(item.created + 90)})  # fmt: skip
    added = library.extra_tags.get(item.id, [])
    return found + [{"created_time": graph_date(library.clock.now())} | tag for tag in added]


def comment_count(library: Library, item: Item) -> int:
    """How many comments stand below; every 50th photo has many."""
    if item.number % 50 == 7:
        return 60
    return roll(library.seed, item.number, 40) % 5 if chance(35, library.seed, item.number, 41) else 0


def comment(library: Library, item: Item, position: int) -> Json:
    """One comment; who wrote it is often withheld."""
    seed, number = library.seed, item.number
    generated = comment_count(library, item)
    said: Json = {
        "id": f"{item.id}_{position + 1}",
        "created_time": graph_date(item.created + 600 * (position + 1)),
        "comment_count": 0,
        "like_count": roll(seed, number, 43, position) % 4,
    }
    if position >= generated:
        return said | library.extra_comments[item.id][position - generated]
    said["message"] = pick(COMMENTS, seed, number, 44, position)
    if chance(50, seed, number, 45, position):
        person = 1 + roll(seed, number, 46, position) % 9
        said["from"] = {"name": library.person_name(person), "id": library.person_id(person)}
    return said


def reaction_count(library: Library, item: Item) -> int:
    """How many people reacted."""
    return roll(library.seed, item.number, 50) % 30 if chance(60, library.seed, item.number, 51) else 0


def reaction(library: Library, item: Item, position: int) -> Json:
    """One reaction; most are likes."""
    kind = "LIKE" if chance(60, library.seed, item.number, 52, position) else pick(
        REACTIONS, library.seed, item.number, 53, position
    )  # fmt: skip
    person = 10 + position
    return {"id": library.person_id(person), "name": library.person_name(person), "type": kind}
