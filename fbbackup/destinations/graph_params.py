"""The parameters that a photo may be published with, by the names and types of the Graph API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime

from fbbackup.errors import ConfigError

GRANULARITIES = ("year", "month", "day", "hour", "min", "none")
_CONTENT_TYPES = (
    "SCHEDULED", "SCHEDULED_RECURRING", "DRAFT", "ADS_POST", "INLINE_CREATED", "PUBLISHED",
    "REVIEWABLE_BRANDED_CONTENT",
)  # fmt: skip
_INSTEAD = {
    "message": "caption", "name": "caption", "profile_id": "the page_id of the destination",
    "target_id": "the page_id of the destination", "aid": "--album", "uid": "the page_id of the destination",
    "source": "the photo's id; its file is sent", "access_token": "the credentials file",
}  # fmt: skip
"""Deprecated or none of a person's business; what to use instead."""


def _flag(text: str) -> bool:
    return text in ("true", "false")


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdigit() and text.isascii()


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _moment(text: str) -> bool:
    if _digits(text):
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _loaded(text: str, kind: type) -> bool:
    try:
        return isinstance(json.loads(text), kind)
    except ValueError:
        return False


def _object(text: str) -> bool:
    return _loaded(text, dict)


def _list(text: str) -> bool:
    return _loaded(text, list)


def _words(text: str) -> bool:
    return bool(text)


def _one_of(*names: str) -> Callable[[str], bool]:
    return lambda text: text in names


_Type = tuple[str, Callable[[str], bool]]
_FLAG: _Type = ("true or false", _flag)
_WHOLE: _Type = ("a whole number", _whole)
_ID: _Type = ("the digits of an id", _digits)
_WORDS: _Type = ("some text", _words)
_OBJECT: _Type = ("a JSON object", _object)
_LIST: _Type = ("a JSON list", _list)
_MOMENT: _Type = ("a time such as 2014-07-05T10:00:00+00:00, or Unix seconds", _moment)

TYPES: dict[str, _Type] = {
    **dict.fromkeys(
        ("allow_spherical_photo", "audience_exp", "full_res_is_coming_later", "is_explicit_location",
         "is_explicit_place", "manual_privacy", "no_story", "og_set_profile_badge", "published", "temporary",
         "user_selected_tags"), _FLAG),
    **dict.fromkeys(
        ("attempt", "direct_share_status", "filter_type", "initial_view_heading_override_degrees",
         "initial_view_pitch_override_degrees", "initial_view_vertical_fov_override_degrees", "offline_id",
         "sponsor_relationship", "time_since_original_post"), _WHOLE),
    **dict.fromkeys(
        ("og_action_type_id", "og_icon_id", "place", "proxied_app_id", "sponsor_id", "vault_image_id"), _ID),
    **dict.fromkeys(
        ("alt_text_custom", "android_key_hash", "application_id", "caption", "composer_session_id", "ios_bundle_id",
         "og_object_id", "og_phrase", "og_suggestion_mechanism", "qn", "url"), _WORDS),
    **dict.fromkeys(("feed_targeting", "privacy", "spherical_metadata", "targeting"), _OBJECT),
    "tags": _LIST,
    "backdated_time": _MOMENT,
    "scheduled_publish_time": _MOMENT,
    "backdated_time_granularity": (" or ".join(GRANULARITIES), _one_of(*GRANULARITIES)),
    "unpublished_content_type": (" or ".join(_CONTENT_TYPES), _one_of(*_CONTENT_TYPES)),
}  # fmt: skip

_RANGES = {
    "initial_view_heading_override_degrees": (0, 360),
    "initial_view_pitch_override_degrees": (-90, 90),
    "initial_view_vertical_fov_override_degrees": (60, 120),
}
_SPHERICAL = {"ProjectionType", "CroppedAreaImageWidthPixels", "CroppedAreaImageHeightPixels", "FullPanoWidthPixels",
              "FullPanoHeightPixels"}  # fmt: skip
_PROJECTIONS = ("equirectangular", "cylindrical", "cubestrip")


def checked_params(given: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`name=value` texts as pairs. Raises ConfigError that names the parameter and what it has to be."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f'--param "{text}" has no value; write --param NAME=VALUE')
        if name in _INSTEAD:
            raise ConfigError(f"--param {name} is not used; use {_INSTEAD[name]} instead")
        if name not in TYPES:
            raise ConfigError(f"--param {name}: photos have no such parameter; known are {', '.join(sorted(TYPES))}")
        words, fits = TYPES[name]
        if not fits(value):
            raise ConfigError(f"--param {name} must be {words}")
        low, high = _RANGES.get(name, (None, None))
        if low is not None and high is not None and not low <= int(value) <= high:
            raise ConfigError(f"--param {name} must be from {low} to {high}")
        if name == "spherical_metadata":
            _check_sphere(json.loads(value))
        found[name] = value
    _check_together(found)
    return tuple(found.items())


def _check_sphere(value: dict[str, object]) -> None:
    lacking = sorted(_SPHERICAL - value.keys())
    if lacking:
        raise ConfigError(f"--param spherical_metadata lacks {', '.join(lacking)}")
    if value["ProjectionType"] not in _PROJECTIONS:
        raise ConfigError(f"--param spherical_metadata: ProjectionType must be {' or '.join(_PROJECTIONS)}")
    if value["ProjectionType"] == "equirectangular" and not _twice_as_wide(value):
        raise ConfigError("--param spherical_metadata: FullPanoWidthPixels must be twice FullPanoHeightPixels")


def _twice_as_wide(value: dict[str, object]) -> bool:
    width, height = value["FullPanoWidthPixels"], value["FullPanoHeightPixels"]
    return isinstance(width, int) and isinstance(height, int) and width == 2 * height


def _check_together(found: dict[str, str]) -> None:
    if "scheduled_publish_time" in found and found.get("published") != "false":
        raise ConfigError("--param scheduled_publish_time needs --param published=false as well")
    if "url" in found and "vault_image_id" in found:
        raise ConfigError("--param url and --param vault_image_id can't be used together")
