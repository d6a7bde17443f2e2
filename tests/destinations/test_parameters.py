"""Parameters of a photo by their own names: what is passed on, and what is refused before anything is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fbbackup.destinations.graph_params import TYPES, checked_params
from fbbackup.errors import ConfigError

SPHERE: dict[str, Any] = {
    "ProjectionType": "cubestrip", "CroppedAreaImageWidthPixels": 3600, "CroppedAreaImageHeightPixels": 650,
    "FullPanoWidthPixels": 3600, "FullPanoHeightPixels": 1800,
}  # fmt: skip
DOCUMENTED = {
    "allow_spherical_photo", "alt_text_custom", "android_key_hash", "application_id", "attempt", "audience_exp",
    "backdated_time", "backdated_time_granularity", "caption", "composer_session_id", "direct_share_status",
    "feed_targeting", "filter_type", "full_res_is_coming_later", "initial_view_heading_override_degrees",
    "initial_view_pitch_override_degrees", "initial_view_vertical_fov_override_degrees", "ios_bundle_id",
    "is_explicit_location", "is_explicit_place", "location_source_id", "manual_privacy", "no_story", "offline_id",
    "og_action_type_id", "og_icon_id", "og_object_id", "og_phrase", "og_set_profile_badge", "og_suggestion_mechanism",
    "place", "privacy", "proxied_app_id", "published", "qn", "scheduled_publish_time", "spherical_metadata",
    "sponsor_id", "sponsor_relationship", "tags", "targeting", "temporary", "time_since_original_post",
    "unpublished_content_type", "url", "user_selected_tags", "vault_image_id",
}  # fmt: skip


def test_every_documented_parameter_is_known() -> None:
    assert set(TYPES) == DOCUMENTED


def sphere(**changes: Any) -> str:
    value = {name: inner for name, inner in (SPHERE | changes).items() if inner is not None}
    return f"spherical_metadata={json.dumps(value)}"


@pytest.mark.parametrize(
    "given",
    [sphere(), sphere(ProjectionType="equirectangular", PoseHeadingDegrees=-1.5), sphere(InitialVerticalFOVDegrees=90),
     sphere(FullPanoWidthPixels=3601), "attempt=-9223372036854775808", "location_source_id=123", "no_story=true",
     'tags=[{"x": 50.5, "y": 1, "tag_uid": "7"}, {"tag_text": "Ada"}]', "tags=[]",
     'targeting={"geo_locations": {"countries": ["SE"]}, "age_min": 18}', 'feed_targeting={"genders": [1]}',
     "backdated_time=2014-07-05T10:00:00+02:00", "initial_view_heading_override_degrees=360", "caption=a=b"],
)  # fmt: skip
def test_what_fits_is_passed_on_as_it_was_given(given: str) -> None:
    name, _, value = given.partition("=")
    assert checked_params([given]) == ((name, value),)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (sphere(ProjectionType="flat"), "ProjectionType must be"), (sphere(FullPanoWidthPixels=None), "lacks FullPano"),
        (sphere(FullPanoHeightPixels=1700), "twice"), (sphere(FullPanoWidthPixels="3600"), "whole number of pixels"),
        (sphere(CroppedAreaLeftPixels=-1), "whole number of pixels"), (sphere(FullPanoWidthPixels=True), "whole"),
        (sphere(PoseRollDegrees="up"), "degrees"), (sphere(Colour=1), "has no Colour"),
        (sphere(InitialVerticalFOVDegrees=90, InitialHorizontalFOVDegrees=90), "not both"),
        ("attempt=9223372036854775808", "whole number"), ("attempt=²", "whole number"), ("attempt=-", "whole number"),
        ("tags={}", "JSON list"), ("tags=[1]", "list of objects"), ('tags=[{"x": "1"}]', "list of objects"),
        ('tags=[{"who": "Ada"}]', "list of objects"), ('targeting={"colour": 1}', "has no colour"),
        ('feed_targeting={"timezones": []}', "has no timezones"), ("targeting=[]", "JSON object"),
        ("scheduled_publish_time=tomorrow", "Unix seconds"), ("place=Old Pier", "digits of an id"),
        ("unpublished_content_type=draft", "SCHEDULED or"), ("backdated_time_granularity=second", "year or"),
        ("initial_view_vertical_fov_override_degrees=59", "from 60 to 120"), ("published=True", "true or false"),
        ("nectar_module=x", "no such parameter"), ("uid=1", "page_id"), ("caption=", "some text"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(given: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        checked_params([given])
    assert given.partition("=")[0] in str(caught.value)
    assert "\n" not in str(caught.value)
