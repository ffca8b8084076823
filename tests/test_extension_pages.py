"""The pages about matches and targets say what the extensions are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))

import extension_pages  # noqa: E402


@pytest.mark.parametrize("kind", extension_pages.PAGES)
def test_page_is_up_to_date(kind: str) -> None:
    """If not: `python docs/extension_pages.py`."""
    written = (ROOT / "docs" / f"{kind}.md").read_text(encoding="utf-8")
    assert written == extension_pages.page(kind, extension_pages.PAGES[kind])


def test_state_is_told_of_extensions_that_exist() -> None:
    known = {name for package in extension_pages.PAGES.values() for name in package.NAMES}
    assert set(extension_pages.STATE) <= known
