"""The same library in the layout of each generation of exports (JSON); paths, names and shapes as `G.1`–`G.5` tell."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.exports.truth import Album, Picture, Truth


@dataclass(frozen=True)
class Generation:
    """How one generation lays things out. `ids` says that files and folders are named by their ids."""

    name: str
    prefix: str
    album_folder: str
    media_folder: str
    posts: str
    uncategorized: tuple[str, str]
    videos: tuple[str, str]
    flat_exif: bool = False
    ids: bool = False
    damaged: bool = True
    profile: str = "profile_information/profile_information.json"


ONE = Generation(
    "2018", "", "photos_and_videos/album", "photos_and_videos", "posts/your_posts_1.json",
    ("photos_and_videos/your_uncategorized_photos.json", "other_photos"),
    ("photos_and_videos/your_videos.json", "videos"),
    flat_exif=True,
)  # fmt: skip
TWO = Generation(
    "2021", "", "posts/album", "posts/media", "posts/your_posts_1.json",
    ("posts/your_uncategorized_photos.json", "other_photos_v2"), ("posts/your_videos.json", "videos_v2"),
    flat_exif=True,
)  # fmt: skip
THREE = Generation(
    "2023", "your_activity_across_facebook/", "posts/album", "posts/media",
    "posts/your_posts__check_ins__photos_and_videos_1.json",
    ("posts/your_uncategorized_photos.json", "other_photos_v2"), ("posts/your_videos.json", "videos_v2"),
    profile="personal_information/profile_information/profile_information.json",
)  # fmt: skip
FOUR = Generation(
    "2024", "your_facebook_activity/", "posts/album", "posts/media",
    "posts/your_posts__check_ins__photos_and_videos_1.json",
    ("posts/your_uncategorized_photos.json", "other_photos_v2"), ("posts/your_videos.json", "videos_v2"), ids=True,
    profile="personal_information/profile_information/profile_information.json",
)  # fmt: skip
PAGE = Generation(
    "page", "this_profile's_activity_across_facebook/", "posts/album", "posts/media", "posts/profile_posts_1.json",
    ("posts/uncategorized_photos.json", "other_photos_v2"), ("posts/videos.json", "videos_v2"), ids=True, damaged=False,
)  # fmt: skip
GENERATIONS = (ONE, TWO, THREE, FOUR, PAGE)


def damage(text: str) -> str:
    """What exports make of a text: each byte of its UTF-8 as a letter of its own."""
    return text.encode().decode("latin-1")


class Layout:
    """One library in one generation. `files` are the entries of the whole export by path."""

    def __init__(self, truth: Truth, generation: Generation) -> None:
        self.truth, self.generation = truth, generation
        self.files: dict[str, bytes] = {}
        for number, album in enumerate(truth.albums):
            self._json(f"{generation.album_folder}/{number}.json", self._album(album))
        self._json(generation.posts, [self._post(photo) for photo in truth.loose("post")] + [self._plain_post()])
        for (path, key), where in ((generation.uncategorized, "uncategorized"), (generation.videos, "video")):
            self._json(path, {key: [self._photo(photo) for photo in truth.loose(where)]})
        self._json(
            "stories/archived_stories.json", {"archived_stories_v2": [self._story(p) for p in truth.loose("story")]}
        )
        for where in ("archive", "trash"):
            self._json(f"posts/{where}.json", [self._labelled(photo) for photo in truth.loose(where)])
        self._profile()
        for photo in truth.photos:
            self.files[self.path(photo)] = photo.body

    def path(self, photo: Picture) -> str:
        """Where the photo's file lies."""
        first, last = photo.numbers
        generation = self.generation
        name = photo.id if generation.ids else f"{first}_{photo.id}_{last}_n_{photo.id}"
        extension = "mp4" if photo.video else "jpg"
        return f"{generation.prefix}{self._folder(photo)}/{name}.{extension}"

    def _folder(self, photo: Picture) -> str:
        media = self.generation.media_folder
        if photo.video:
            return f"{media}/videos"
        if photo.where in ("story", "archive", "trash"):
            return {"story": "stories"}.get(photo.where, f"posts/{photo.where}")
        album = next((album for album in self.truth.albums if album.id == photo.album), None)
        if album is None:
            return f"{media}/your_posts"
        plain = re.sub(r"[^A-Za-z0-9]", "", album.title) or "Album"
        return f"{media}/{plain}_{album.id if self.generation.ids else album.suffix}"

    def _text(self, text: str) -> str:
        return damage(text) if self.generation.damaged else text

    def _photo(self, photo: Picture, title: str = "") -> dict[str, Any]:
        node: dict[str, Any] = {"uri": self._text(self.path(photo)), "creation_timestamp": photo.created}
        values: dict[str, Any] = {"upload_ip": "192.0.2.7"}
        if photo.taken is not None:
            values["taken_timestamp"] = photo.taken
        if photo.spot:
            values |= {"latitude": photo.spot[0], "longitude": photo.spot[1]}
        kind = "video_metadata" if photo.video else "photo_metadata"
        node["media_metadata"] = {kind: values if self.generation.flat_exif else {"exif_data": [values]}}
        if title:
            node["title"] = self._text(title)
        if photo.caption:
            node["description"] = self._text(photo.caption)
        if photo.comments:
            node["comments"] = [
                {"timestamp": at, "comment": self._text(text)} | ({"author": self._text(author)} if author else {})
                for at, author, text in photo.comments
            ]
        return node

    def _album(self, album: Album) -> dict[str, Any]:
        photos = [self._photo(photo, album.title) for photo in self.truth.of(album)]
        node: dict[str, Any] = {"name": self._text(album.title), "photos": photos,
                                "last_modified_timestamp": album.updated,
                                "description": self._text(album.description)}  # fmt: skip
        return node | ({"cover_photo": photos[0]} if photos else {})

    def _post(self, photo: Picture) -> dict[str, Any]:
        attached: list[dict[str, Any]] = [{"media": self._photo(photo)}]
        if photo.place:
            name, latitude, longitude = photo.place
            spot = {"latitude": latitude, "longitude": longitude}
            attached.append({"place": {"name": self._text(name), "coordinate": spot, "address": "", "url": ""}})
        data: list[dict[str, Any]] = [{"post": self._text("some words")}, {}]
        if photo.backdated is not None:
            data.append({"backdated_timestamp": photo.backdated})
        node: dict[str, Any] = {"timestamp": photo.created, "title": self._text("Ada added a new photo."),
                                "data": data, "attachments": [{"data": attached}]}  # fmt: skip
        if photo.people:
            node["tags"] = [{"name": self._text(name)} for name in photo.people]
        return node

    def _plain_post(self) -> dict[str, Any]:
        link = {"external_context": {"url": "https://example.org/x.jpg", "name": "elsewhere"}}
        return {"timestamp": 1_400_000_000, "data": [{"post": "no picture"}], "attachments": [{"data": [link]}]}

    def _story(self, photo: Picture) -> dict[str, Any]:
        return {
            "timestamp": photo.created,
            "title": "story",
            "attachments": [{"data": [{"media": self._photo(photo)}]}],
        }

    def _labelled(self, photo: Picture) -> dict[str, Any]:
        return {"timestamp": photo.created, "fbid": "1", "label_values": [{"label": "Text", "value": "x"}],
                "media": [self._photo(photo)]}  # fmt: skip

    def _profile(self) -> None:
        truth = self.truth
        person = {"name": {"full_name": self._text(truth.owner)}, "username": truth.username}
        self._json(self.generation.profile, {"profile_v2": person}, root=True)

    def _json(self, path: str, node: Any, *, root: bool = False) -> None:
        where = path if root else self.generation.prefix + path
        self.files[where] = json.dumps(node).encode()
