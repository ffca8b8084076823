"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, text: str, new: Path | None = None) -> None:
    """Write a file: it has the whole text afterwards, or what it had before. What is not a file (/dev/stdout and its
    like) is simply written to. `new`: where the text stands meanwhile. Raises OSError, which names the file."""
    path = path.resolve()
    new = new or path.with_name(f".{path.name}.nflab-new")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        try:
            new.write_text(text, encoding="utf-8")
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
    except OSError as error:  # of a file that is open already Python does not say which it is
        raise OSError(error.errno, error.strerror, str(path)) from None
