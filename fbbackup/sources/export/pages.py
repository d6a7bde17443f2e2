"""HTML exports: every picture in a page is a photo, and the block around it tells its words and its date.

Class names change at will and words are in the account's language, so structure decides: the block of a picture is the
largest element without another one. Only what a date looks like, and the labels of positions, are known words.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from fbbackup.mentions import Mention
from fbbackup.models import HTML_COMMENT, Comment, Kind
from fbbackup.sources.export import values
from fbbackup.sources.export.dates import moment_in
from fbbackup.sources.export.labels import read_labels, rows_in
from fbbackup.sources.export.names import PICTURES, VIDEOS, extension_of, name_of
from fbbackup.sources.export.remarks import NO_WORDS, Block, Posts, Remark
from fbbackup.sources.export.repair import words

HTML_WEIGHT = 1
LARGEST = 32 << 20
_HIGHEST = 40
_ICONS = re.compile(r"(?:^|/)(?:icons|files|html_assets|stickers_used)/|(?:^|/)photos/profile\.jpg$")
"""Pictures that belong to the pages; the last one stands at the head of each page of the first generation."""
_NOT_SAID = NO_WORDS | {"ul", "h1", "h2", "h3"}


@dataclass(slots=True)
class Shown:
    """A picture in a page with the words of its block."""

    uri: str
    raw: str
    caption: str | None = None
    created_at: datetime | None = None
    zoned: bool = False
    taken_at: datetime | None = None
    spot: tuple[float, float] | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(slots=True)
class HtmlPage:
    """One page: its title and its pictures in order."""

    title: str
    shown: list[Shown] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)


def read_page(body: bytes) -> HtmlPage:
    """A page of an export, whatever its generation."""
    tree = LexborHTMLParser(body.decode("utf-8", "replace"))
    heading = tree.css_first("h1") or tree.css_first("title")
    page = HtmlPage((heading.text(strip=True) if heading else "") or "", labels=rows_in(tree.root) if tree.root else {})
    pictures: dict[str, LexborNode] = {}
    for node in tree.css("img[src], video[src], source[src], a[href]"):
        uri = _address(node)
        if uri is not None and (uri not in pictures or pictures[uri].tag == "a"):
            pictures[uri] = node
    around = _around(pictures)
    # A node takes some ten letters, so each may be looked at some ten times.
    posts = Posts(around, len(body))
    for uri, node in pictures.items():
        shown = _shown(uri, node, around, page.title)
        if shown.created_at is None and (dated := posts.date_of(node)):
            shown.created_at, shown.zoned = dated
        page.shown.append(shown)
    return page


def mention_of(shown: Shown, origin: str, as_of: str) -> Mention:
    """The picture as a mention. Times without a zone may be off by half a day, and say so by their precision."""
    name = name_of(shown.uri)
    video = extension_of(shown.uri) in VIDEOS
    return Mention(
        id=name.id,
        origin=origin,
        rule=name.rule,
        uri=shown.uri,
        as_of=as_of,
        made_up=name.made_up,
        hint=name.hint,
        kind=Kind.VIDEO if video else Kind.PHOTO,
        caption=shown.caption,
        weight=HTML_WEIGHT,
        link=None
        if name.made_up
        else f"https://www.facebook.com/{'watch/?v=' if video else 'photo.php?fbid='}{name.id}",
        created_at=shown.created_at,
        taken_at=shown.taken_at,
        latitude=shown.spot[0] if shown.spot else None,
        longitude=shown.spot[1] if shown.spot else None,
        comments=tuple(_comment(remark, name.id) for remark in shown.remarks),
        precision="second" if shown.zoned else "day",
        raw=values.raw_text({"uri": shown.uri, "html": shown.raw}),
    )


def _comment(remark: Remark, photo_id: str) -> Comment:
    """Pages give comments no id, so one is made that stays the same and says where it comes from."""
    key = json.dumps([photo_id, str(remark.at), remark.author, remark.message])
    made = HTML_COMMENT + hashlib.sha256(key.encode()).hexdigest()[:24]
    return Comment(made, remark.message, from_name=remark.author, created_at=remark.at)


def _address(node: LexborNode) -> str | None:
    """The address of a picture or video of the person; not of icons, and not of pages."""
    found = node.attributes.get("src") or node.attributes.get("href") or ""
    path = found.partition("?")[0].partition("#")[0]
    if extension_of(path) not in PICTURES | VIDEOS or found.startswith("data:"):
        return None
    if not found.startswith(("https://", "http://")):
        path = unquote(path)
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        path = "/".join(parts)
        return None if _ICONS.search(path) else path
    # Pictures elsewhere on the web are not the person's, except those that Facebook's own servers held.
    host = found.split("/")[2]
    return found if host.endswith(("fbcdn.net", "facebook.com")) else None


def _around(pictures: dict[str, LexborNode]) -> dict[int, set[str]]:
    """Which pictures each element holds, for the elements not too far above one."""
    found: dict[int, set[str]] = {}
    for uri, node in pictures.items():
        inner: LexborNode | None = node
        for _ in range(_HIGHEST):
            if inner is None:
                break
            found.setdefault(inner.mem_id, set()).add(uri)
            inner = inner.parent
    return found


def _shown(uri: str, node: LexborNode, around: dict[int, set[str]], title: str) -> Shown:
    block, child = node, node
    while block.parent is not None and block.parent.tag not in ("body", "html", "-undef"):
        if around.get(block.parent.mem_id, {uri, ""}) != {uri}:
            break
        child, block = block, block.parent
    surrounding = Block(block, node)
    if surrounding.date is not None:
        block, child = surrounding.narrow(node)
    found = Shown(uri, (block.html or "")[:20_000])
    labels = rows_in(block)
    for rows in (labels, surrounding.labels):
        told = read_labels(rows)
        found.taken_at, found.spot = told.taken_at or found.taken_at, told.spot or found.spot
    found.remarks = surrounding.remarks
    texts = list(_texts(block, child, surrounding.apart))
    for _, text in texts:
        # Comments with their dates are left out already.
        if dated := moment_in(text):
            found.created_at, found.zoned = dated
            break
    known = {*labels, *labels.values(), title}
    said = [(near, text) for near, text in texts if moment_in(text) is None and text not in known]
    inside = [text for near, text in said if near]
    after = [text for near, text in said if not near]
    found.caption = words("\n".join(inside)) or words("\n".join(after[:1]))
    return found


def _texts(block: LexborNode, child: LexborNode, others: Collection[int]) -> Iterator[tuple[bool, str]]:
    """The texts of a block from its picture on, and whether they stand in the same part of the block.

    What stands in a part before the picture is a heading, which Facebook wrote; tables hold labels and values, and
    lists and comments are other people's.
    """
    if child.mem_id == block.mem_id:
        return
    part, inside = child, True
    current: LexborNode | None = part
    while current is not None:
        for node in current.traverse(include_text=True):
            if (
                node.tag == "-text"
                and (text := " ".join((node.text() or "").split()))
                and not _apart(node, block, others)
            ):
                yield inside, text
        current, inside = current.next, False


def _apart(node: LexborNode, block: LexborNode, others: Collection[int]) -> bool:
    inner = node.parent
    for _ in range(_HIGHEST):
        if inner is None or inner.mem_id == block.mem_id:
            return False
        if inner.tag in _NOT_SAID or inner.mem_id in others:
            return True
        inner = inner.parent
    return True


def album_id_of(path: str) -> str | None:
    """The album's id from the name of a page of the first generation, `photos/<id>.html`."""
    place = PurePosixPath(path)
    return place.stem if place.parent.name == "photos" and place.stem.isdecimal() and len(place.stem) >= 5 else None
