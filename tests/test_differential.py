"""The truth tables against the machine's own iptables-legacy and iptables-nft: every row, what it accepts and saves.

Rows are run in a network namespace, grouped by table file. What legacy does otherwise than our parser, and nft
otherwise than legacy, stands in the row itself (`; legacy: ...`, `; nft: ...`).
"""

import pytest
from real_iptables import ask, probe
from tables import REFUSED, Row, files, rows

from engine.core.hooks import IPV6


def said(outcome: tuple[str, list[str]]) -> str:
    refusal, saved = outcome
    return REFUSED + refusal if refusal else "\n".join(text.removeprefix(" ") for text in saved)


def expected(row: Row, variant: str) -> str:
    return row.legacy if variant == "legacy" else row.nft


def differences(variant: str, exact_refusals: bool) -> list[str]:
    tables = [rows(path) for path in files()]
    groups = [[(row.family == IPV6, row.table, row.chain, row.words) for row in table] for table in tables]
    found = []
    for table, answers in zip(tables, ask(variant, groups), strict=True):
        for row, answer in zip(table, answers, strict=True):
            want, got = expected(row, variant), said(answer)
            if want == got or (not exact_refusals and want.startswith(REFUSED) and got.startswith(REFUSED)):
                continue
            found.append(f"{row}\n   table:    {want}\n   {variant + ':':9} {got}")
    return found


@pytest.mark.skipif(not probe("legacy")[0], reason=probe("legacy")[1])
def test_legacy_does_what_the_tables_say() -> None:
    """Same acceptance, same words of refusal, same saved text, for every row."""
    found = differences("legacy", exact_refusals=True)
    assert not found, f"{len(found)} rows differ\n" + "\n".join(found)


@pytest.mark.skipif(not probe("nft")[0], reason=probe("nft")[1])
def test_nft_does_what_the_tables_say() -> None:
    """Same acceptance and same saved text; nft words many refusals in its own way."""
    found = differences("nft", exact_refusals=False)
    assert not found, f"{len(found)} rows differ\n" + "\n".join(found)
