"""The JSON Schema of records, from the classes in records.py.

python -m reports.schema            print it
python -m reports.schema --write    into records.schema.json; a test compares the two
"""

from __future__ import annotations

import json
import sys
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from reports import records

FILE: Final = Path(__file__).parent / "records.schema.json"
PLAIN: Final = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema() -> dict[str, Any]:
    """One line of a records file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"nflab records, version {records.VERSION}: one object a line",
        "description": "Fields that are empty are left out, but for those that are required.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in records.KINDS],
        "$defs": {name: _object(kind, name) for name, kind in records.KINDS.items()}
        | {kind.__name__: _object(kind, "") for kind in records.NESTED.values()},
    }


def _object(kind: type[Any], name: str) -> dict[str, Any]:
    """`name`: the kind of record; "" for what only stands inside others."""
    hints = typing.get_type_hints(kind)
    properties = {each.name: _type(hints[each.name]) for each in fields(kind)}
    required = ["id", "engine", "outcome"] if kind is records.Result else _required(kind)
    if kind is records.Result:
        properties["outcome"] = {"enum": list(records.OUTCOMES)}
    if name:
        properties = {"record": {"const": name}} | properties
        required = ["record", *required]
    if kind is records.Run:
        properties["version"] = {"const": records.VERSION}
        required.append("version")
    return {
        "type": "object", "description": (kind.__doc__ or "").split("\n\n")[0].strip(), "properties": properties,
        "required": required, "additionalProperties": False,
    }  # fmt: skip


def _required(kind: type[Any]) -> list[str]:
    """What the writer never leaves out: numbers and truth values without a default, and names."""
    hints = typing.get_type_hints(kind)
    return [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING
            and (hints[each.name] in (bool,) or each.name in ("id", "name", "started", "ended"))]  # fmt: skip


def _type(hint: Any) -> dict[str, Any]:
    if hint in PLAIN:
        return {"type": PLAIN[hint]}
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return {"type": "array", "items": _type(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    if hint is Any or isinstance(hint, types.GenericAlias):
        return {}
    raise TypeError(f"no schema for {hint}")


def text() -> str:
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(text(), encoding="utf-8")
    else:
        print(text(), end="")
