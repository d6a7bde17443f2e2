"""The same library as HTML exports of several generations: blocks, class names and dates as `G.7` tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from tests.exports.layouts import FOUR, ONE, THREE, Generation, Layout
from tests.exports.truth import Album, Picture, Truth


@dataclass(frozen=True)
class Style:
    """How a generation draws a block. `date` is a `strftime` pattern, `block` and so on are classes."""

    name: str
    paths: Generation
    block: str
    heading: str
    body: str
    footer: str
    date: str
    section: bool = False
    remark: str = '<ul>{}</ul>|<li class="uiComment">{author}: {text}<div>{date}</div></li>'
    """Around all comments, and one of them."""


STYLES = (
    Style("2019", ONE, "_3-96 _2let", "_2lek _2lel", "_2let", "_2lem", "%b %d, %Y, %I:%M %p"),
    Style(
        "2023",
        THREE,
        "_3-95 _a6-g",
        "_2ph_ _a6-h _a6-i",
        "_2ph_ _a6-p",
        "_3-94 _a6-o",
        "%b %d, %Y %I:%M:%S%p",
        remark='<div class="comments">{}</div>|<div class="comment"><span class="user">{author}</span>{text}'
        '<div class="meta">{date}</div></div>',
    ),
    Style(
        "2025",
        FOUR,
        "_a6-g",
        "_2ph_ _a6-h _a6-i",
        "_2ph_ _a6-p",
        "_3-94 _a6-o",
        "%b %d, %Y %I:%M:%S %p",
        section=True,
        remark='<div>{}</div>|<div class="_a6-g"><div class="_2pin">{author}</div><div><div>{text}</div>'
        '<div class="_a72d">{date}</div></div></div>',
    ),
)


class HtmlLayout:
    """One library as HTML. `files` are the entries of the whole export by path."""

    def __init__(self, truth: Truth, style: Style) -> None:
        self.truth, self.style = truth, style
        self._paths = Layout(truth, style.paths)
        self.files = {self._paths.path(photo): photo.body for photo in truth.photos}
        generation = style.paths
        for number, album in enumerate(truth.albums):
            self._page(f"{generation.album_folder}/{number}.html", album.title, truth.of(album))
        lists = {"post": generation.posts, "uncategorized": generation.uncategorized[0], "video": generation.videos[0],
                 "story": "stories/archived_stories.json", "archive": "posts/archive.json",
                 "trash": "posts/trash.json"}  # fmt: skip
        for where, path in lists.items():
            self._page(path.replace(".json", ".html"), where.title(), truth.loose(where))
        self._profile(generation.profile.replace(".json", ".html"))

    def _page(self, path: str, title: str, photos: list[Picture]) -> None:
        blocks = "".join(self._block(photo) for photo in photos)
        self._write(self.style.paths.prefix + path, title, blocks)

    def _write(self, path: str, title: str, blocks: str) -> None:
        up = "../" * path.count("/")
        self.files[path] = (
            f'<html><head><meta charset="utf-8"><base href="{up}"><title>{escape(title)}</title></head>'
            '<body class="_5vb_">'
            f'<div class="clearfix"><img class="_1yb" src="icons/logo.png"></div><div role="main" class="_a705">'
            f'<div class="_3-8y"><h1>{escape(title)}</h1></div><div class="_a706">{blocks}</div></div></body></html>'
        ).encode()

    def _block(self, photo: Picture) -> str:
        style, path = self.style, self._paths.path(photo)
        tag = "section" if style.section else "div"
        media = f'<video src="{path}" controls></video>' if photo.video else f'<img src="{path}" class="_a6_o _3-96">'
        caption = f'<div class="_3-95">{escape(photo.caption)}</div>' if photo.caption else ""
        around, _, one = style.remark.partition("|")
        comments = (
            around.format(
                "".join(
                    one.format(author=escape(author or ""), text=escape(text), date=self._date(at))
                    for at, author, text in photo.comments
                )
            )
            if photo.comments
            else ""
        )
        return (
            f'<{tag} class="{style.block}"><div class="{style.heading}">Ada added a new photo.</div>'
            f'<div class="{style.body}"><div><div><a target="_blank" href="{path}">{media}</a></div>{caption}'
            f"{self._table(photo)}{comments}</div></div>"
            f'<div class="{style.footer}"><a href="https://www.facebook.com/x"><div class="_a72d">'
            f"{self._date(photo.created)}</div></a></div></{tag}>"
        )

    def _table(self, photo: Picture) -> str:
        rows = {"Upload IP Address": "192.0.2.7", "Camera Make": "Acme"}
        if photo.spot:
            rows |= {"Latitude": str(photo.spot[0]), "Longitude": str(photo.spot[1])}
        if photo.taken:
            rows["Taken"] = self._date(photo.taken)
        cells = "".join(f"<tr><td>{label}</td><td>{value}</td></tr>" for label, value in rows.items())
        return f"<table>{cells}</table>"

    def _date(self, at: int) -> str:
        return datetime.fromtimestamp(at, UTC).strftime(self.style.date)

    def _profile(self, path: str) -> None:
        row = f"<table><tr><td>Name</td><td>{escape(self.truth.owner)}</td></tr></table>"
        self._write(path, "Profile information", row)


def first_generation(truth: Truth) -> dict[str, bytes]:
    """HTML of before 2018: a page an album, files named by the middle number, no list of loose photos."""
    files = {}
    for album in truth.albums:
        files[f"photos/{album.id}.html"] = _old_page(album, truth.of(album))
        for photo in truth.of(album):
            files[f"photos/{album.id}/{photo.id}.jpg"] = photo.body
    return files


def _old_page(album: Album, photos: list[Picture]) -> bytes:
    blocks = "".join(
        f'<div class="block"><img src="photos/{album.id}/{photo.id}.jpg"/>'
        + (f"<div>{escape(photo.caption)}</div>" if photo.caption else "")
        + '<div class="meta">'
        + datetime.fromtimestamp(photo.created, UTC).strftime("%A, %d %B %Y at %H:%M UTC")
        + "</div></div>"
        for photo in photos
    )
    title = escape(album.title)
    return (
        f'<html><head><meta charset="utf-8"><base href="../"><title>{title}</title></head>'
        f'<body><div class="contents"><h1>{title}</h1>{blocks}</div></body></html>'
    ).encode()
