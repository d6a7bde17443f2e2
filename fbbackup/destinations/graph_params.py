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
_HALF_RANGE = 1 << 63
_INSTEAD = {
    "message": "caption", "name": "caption", "profile_id": "the page_id of the destination",
    "target_id": "the page_id of the destination", "aid": "--album", "uid": "the page_id of the destination",
    "source": "the photo's id; its file is sent", "access_token": "the credentials file",
}  # fmt: skip
"""Deprecated or none of a person's business; what to use instead."""


def _flag(text: str) -> bool:
    return text in ("true", "false")


def _whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 20 and -_HALF_RANGE <= int(text) < _HALF_RANGE


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
        ("location_source_id", "og_action_type_id", "og_icon_id", "place", "proxied_app_id", "sponsor_id",
         "vault_image_id"), _ID),
    **dict.fromkeys(
        ("alt_text_custom", "android_key_hash", "application_id", "caption", "composer_session_id", "ios_bundle_id",
         "og_object_id", "og_phrase", "og_suggestion_mechanism", "qn", "url"), _WORDS),
    **dict.fromkeys(("feed_targeting", "privacy", "spherical_metadata", "targeting"), _OBJECT),
    "tags": _LIST,
    "backdated_time": _MOMENT,
    "scheduled_publish_time": ("Unix seconds", _digits),
    "backdated_time_granularity": (" or ".join(GRANULARITIES), _one_of(*GRANULARITIES)),
    "unpublished_content_type": (" or ".join(_CONTENT_TYPES), _one_of(*_CONTENT_TYPES)),
}  # fmt: skip

_RANGES = {
    "initial_view_heading_override_degrees": (0, 360),
    "initial_view_pitch_override_degrees": (-90, 90),
    "initial_view_vertical_fov_override_degrees": (60, 120),
}
_SPHERE_PIXELS = ("CroppedAreaImageWidthPixels", "CroppedAreaImageHeightPixels", "FullPanoWidthPixels",
                  "FullPanoHeightPixels")  # fmt: skip
_SPHERE_WHOLE = (*_SPHERE_PIXELS, "CroppedAreaLeftPixels", "CroppedAreaTopPixels", "PreProcessCropLeftPixels",
                 "PreProcessCropRightPixels")  # fmt: skip
_SPHERE_DEGREES = (
    "PoseHeadingDegrees", "PosePitchDegrees", "PoseRollDegrees", "InitialViewHeadingDegrees", "InitialViewPitchDegrees",
    "InitialViewRollDegrees", "InitialViewVerticalFOVDegrees", "InitialVerticalFOVDegrees",
    "InitialHorizontalFOVDegrees",
)  # fmt: skip
_PROJECTIONS = ("equirectangular", "cylindrical", "cubestrip")
_TARGETING = ("geo_locations", "locales", "age_min")
_AUDIENCES = {
    "feed_targeting": {*_TARGETING, "age_max", "genders", "college_years", "education_statuses", "interested_in",
                       "relationship_statuses", "interests"},
    "targeting": {*_TARGETING, "excluded_countries", "excluded_regions", "excluded_cities", "excluded_zipcodes",
                  "timezones"},
}  # fmt: skip
_TAG = {"x": (int, float), "y": (int, float), "tag_uid": (int, str), "tag_text": (str,)}


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
        _check_inside(name, value)
        found[name] = value
    _check_together(found)
    return tuple(found.items())


def _check_inside(name: str, value: str) -> None:
    """Raises ConfigError for parts of an object that photos do not have."""
    if name == "spherical_metadata":
        _check_sphere(json.loads(value))
    elif name == "tags":
        for tag in json.loads(value):
            if not isinstance(tag, dict) or any(not _is(inner, *_TAG.get(key, ())) for key, inner in tag.items()):
                raise ConfigError("--param tags must be a JSON list of objects with x, y, tag_uid or tag_text")
    elif name in _AUDIENCES:
        unknown = sorted(json.loads(value).keys() - _AUDIENCES[name])
        if unknown:
            known = ", ".join(sorted(_AUDIENCES[name]))
            raise ConfigError(f"--param {name} has no {unknown[0][:60]}; known are {known}")


def _check_sphere(value: dict[str, object]) -> None:
    wrong = "--param spherical_metadata"
    lacking = sorted({"ProjectionType", *_SPHERE_PIXELS} - value.keys())
    if lacking:
        raise ConfigError(f"{wrong} lacks {', '.join(lacking)}")
    if value["ProjectionType"] not in _PROJECTIONS:
        raise ConfigError(f"{wrong}: ProjectionType must be {' or '.join(_PROJECTIONS)}")
    for name, inner in value.items():
        if name in _SPHERE_WHOLE and not (isinstance(inner, int) and _is(inner, int) and inner >= 0):
            raise ConfigError(f"{wrong}: {name} must be a whole number of pixels")
        if name in _SPHERE_DEGREES and not _is(inner, int, float):
            raise ConfigError(f"{wrong}: {name} must be a number of degrees")
        if name not in ("ProjectionType", *_SPHERE_WHOLE, *_SPHERE_DEGREES):
            raise ConfigError(f"{wrong} has no {name[:60]}")
    if {"InitialVerticalFOVDegrees", "InitialHorizontalFOVDegrees"} <= value.keys():
        raise ConfigError(f"{wrong}: give InitialVerticalFOVDegrees or InitialHorizontalFOVDegrees, not both")
    width, height = value["FullPanoWidthPixels"], value["FullPanoHeightPixels"]
    if isinstance(width, int) and isinstance(height, int) and width // 2 != height:
        raise ConfigError(f"{wrong}: FullPanoWidthPixels must be twice FullPanoHeightPixels")


def _is(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _check_together(found: dict[str, str]) -> None:
    if "scheduled_publish_time" in found and found.get("published") != "false":
        raise ConfigError("--param scheduled_publish_time needs --param published=false as well")
    if "url" in found and "vault_image_id" in found:
        raise ConfigError("--param url and --param vault_image_id can't be used together")
