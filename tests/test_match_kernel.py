"""The tables of `match_tables.py`, held against the kernel's own iptables."""

from __future__ import annotations

import pytest
from match_kernel import ask
from match_packets import IPV4_PACKETS, IPV6_PACKETS
from match_tables import ALL
from real_iptables import probe

from engine.core.hooks import IPV6


@pytest.mark.skipif(not probe("legacy")[0], reason=probe("legacy")[1])
def test_the_kernel_says_what_the_tables_say() -> None:
    packets = {True: IPV6_PACKETS, False: IPV4_PACKETS}
    questions = [
        (saying.family == IPV6, saying.rule, [packets[saying.family == IPV6][name] for name, _ in saying.packets])
        for saying in ALL
    ]
    wrong = [
        f"{saying.rule} | {name}: table {wanted}, kernel {got}"
        for saying, answers in zip(ALL, ask(questions), strict=True)
        for (name, wanted), got in zip(saying.packets, answers, strict=True)
        if got != wanted
    ]
    assert not wrong, "\n".join(wrong)
