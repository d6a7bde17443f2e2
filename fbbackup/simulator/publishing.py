"""Publishing to a Page: photos and albums that calls make, and the removal of what they made."""

from __future__ import annotations

import io
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from PIL import Image, ImageOps

from fbbackup.simulator.graph_errors import GraphError, missing_object
from fbbackup.simulator.wire import Request
from fbbackup.simulator.world import Call

MOST_BYTES = 10_000_000
MOST_PIXELS = 2048
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF")
_KEPT = {"caption": "name", "alt_text_custom": "alt_text_custom", "backdated_time": "backdated_time",
         "backdated_time_granularity": "backdated_time_granularity"}  # fmt: skip


def form_of(request: Request) -> tuple[dict[str, str], bytes | None]:
    """The parameters in a request's body, and the bytes of its file if it has one."""
    kind = request.headers.get("content-type", "")
    if "application/x-www-form-urlencoded" in kind:
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)), None
    if "multipart/form-data" not in kind:
        return {}, None
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.body)
    params: dict[str, str] = {}
    file: bytes | None = None
    for part in message.iter_parts() if message.is_multipart() else ():
        content = part.get_payload(decode=True)
        body = content if isinstance(content, bytes) else b""
        name = part.get_param("name", header="content-disposition")
        if part.get_filename() is not None:
            file = body
        else:
            params[str(name)] = body.decode("utf-8", "replace")
    return params, file


def publish(call: Call, parts: list[str]) -> Any:
    """The answer to a POST or DELETE."""
    if call.method == "POST" and parts[1:] == ["photos"]:
        return _photo(call, parts[0])
    if call.method == "POST" and parts[1:] == ["albums"]:
        _check_page(call, parts[0])
        return {"id": call.world.library.add_album(call.params.get("name", ""))}
    if call.method == "DELETE" and len(parts) == 1:
        return _remove(call, parts[0])
    raise GraphError(3, "(#3) Application does not have the capability to make this API call.", status=400)


def _check_page(call: Call, target: str) -> None:
    library = call.world.library
    if not library.page:
        message = "(#200) If posting to a group or a profile: publishing to personal profiles is no longer possible"
        raise GraphError(200, message)
    if call.token.kind != "page" or not call.world.access.granted("pages_read_engagement"):
        raise GraphError(200, "(#200) The permission pages_manage_posts is required")
    if target != library.owner_id and library.album(target) is None:
        raise GraphError(120, "(#120) Invalid album id")


def _photo(call: Call, target: str) -> Any:
    _check_page(call, target)
    library = call.world.library
    given = [name for name in ("url", "vault_image_id") if call.params.get(name)] + ["file"] * (call.file is not None)
    if len(given) != 1:
        raise GraphError(324, "(#324) Requires exactly one of url, vault_image_id or an upload file")
    data = None if call.file is None else recompressed(call.file)
    photo_id = library.add_photo(None if target == library.owner_id else target, call.params.get("caption"), data)
    kept = {field: call.params[name] for name, field in _KEPT.items() if name in call.params}
    library.override(photo_id, **kept)
    call.world.published.append(photo_id)
    answer = {"id": photo_id}
    if target == library.owner_id and call.params.get("published", "true") != "false":
        answer["post_id"] = f"{library.owner_id}_{photo_id}"
    return answer


def recompressed(data: bytes) -> bytes:
    """What becomes of a picture that is uploaded: upright, no larger than the largest rendition, without metadata."""
    if len(data) >= MOST_BYTES:
        raise GraphError(324, "(#324) Missing or invalid image file")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if getattr(image, "is_animated", False):
                raise GraphError(324, "(#324) Missing or invalid image file")
            picture = ImageOps.exif_transpose(image).convert("RGB")
    except OSError:
        raise GraphError(324, "(#324) Missing or invalid image file") from None
    picture.thumbnail((MOST_PIXELS, MOST_PIXELS))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=80)
    return out.getvalue()


def _remove(call: Call, node_id: str) -> Any:
    if node_id not in call.world.published:
        if call.world.library.item(node_id) is None:
            raise missing_object(node_id)
        raise GraphError(200, "(#200) The app can only delete what it published")
    call.world.library.delete_photo(node_id)
    call.world.published.remove(node_id)
    return {"success": True}
