"""Shapes that a whole answer can be brought into: ids as numbers, dates as unix seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fbbackup.simulator.world import Call


def reshape(call: Call, value: Any) -> Any:
    """The answer as this call and these settings want it; nothing to do for most."""
    numbers, unix = call.world.settings.ids_as_numbers, call.params.get("date_format") == "U"
    return _walk(value, numbers, unix) if numbers or unix else value


def _walk(value: Any, numbers: bool, unix: bool) -> Any:
    if isinstance(value, list):
        return [_walk(one, numbers, unix) for one in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for name, one in value.items():
        if numbers and name == "id" and isinstance(one, str) and one.isdigit():
            out[name] = int(one)
        elif unix and name.endswith("_time") and isinstance(one, str):
            out[name] = int(datetime.strptime(one, "%Y-%m-%dT%H:%M:%S%z").timestamp())
        else:
            out[name] = _walk(one, numbers, unix)
    return out
