"""The compiled engine: where it stands, whether it is there, and whether it is that of the source.

`make compiled` (bench/build_compiled.py) leaves it in build/compiled, with the digest of the source beside it.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
COMPILED: Final = ROOT / "build" / "compiled"
DIGEST: Final = "source.sha256"
BUILDER: Final = ROOT / "bench" / "build_compiled.py"


def digest() -> str:
    """What a build depends on: every file of the engine, the builder, this Python."""
    total = hashlib.sha256(sys.version.encode())
    for path in [*sorted((ROOT / "engine").rglob("*.py")), *([BUILDER] if BUILDER.is_file() else [])]:
        total.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def built_from(folder: Path = COMPILED) -> str:
    """The digest of the source that a build was made from, "" if there is no build."""
    try:
        return (folder / DIGEST).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


def is_current() -> bool:
    return built_from() == digest()
