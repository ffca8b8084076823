"""Loading rules through an iptables-restore that is kept: as by a process each, refusals and messages too."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from lab import Firewall, Lab, RulesetError
from lab.restorer import is_certain
from tests.lab_support import needs_engine, why_no_lab

FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
NAT = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080\nCOMMIT\n"
RULES = (
    "-A INPUT -p udp -m udp --dport 53 -j ACCEPT",
    "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-A FORWARD -s 10.0.0.0/8 -i lan -m limit --limit 5/sec -j own",
    "-A own -p tcp -m multiport --dports 1,2:3 -m comment --comment \"two words\" -j REJECT --reject-with tcp-reset",
    "-A OUTPUT ! -o lo -m mark --mark 0x1/0xff -j DROP",
)  # fmt: skip


@pytest.mark.parametrize(("text", "certain"), [
    (FILTER, True),
    (FILTER + NAT, True),
    (f"# a comment\n\n{FILTER}\n# the end\n", True),
    ("", False),
    ("# nothing\n", False),
    (FILTER.removesuffix("\n"), False),
    (FILTER.removesuffix("COMMIT\n"), False),
    (FILTER.replace("COMMIT\n", "COMMIT \n"), False),
    (FILTER + "*nat\n", False),
    (FILTER + "-A INPUT -j DROP\n", False),
    ("*filter\nINPUT\nCOMMIT\n", False),
    (FILTER.replace("lo", "lö"), False),
    (FILTER.replace("-j ACCEPT", "-m comment --comment " + "x" * 9000), False),
])  # fmt: skip
def test_only_what_has_a_certain_end_is_fed(text: str, certain: bool) -> None:
    assert is_certain(text) is certain


@pytest.fixture(scope="module", params=["kernel-legacy", "kernel-nft"])
def firewall(request: pytest.FixtureRequest) -> Iterator[Firewall]:
    if why_no_lab():
        pytest.skip(f"no lab here: {why_no_lab()}")
    needs_engine(request.param)
    with Lab.open("two-lans", engine=request.param) as lab:
        yield lab.firewall


def restore(firewall: Firewall) -> str:
    adapter = firewall.adapter
    return adapter.path(adapter.tool("ipv4", "restore"))  # type: ignore[attr-defined,no-any-return]


def test_what_is_fed_is_what_a_process_loads(firewall: Firewall) -> None:
    chance = random.Random(3)
    program = restore(firewall)
    for _number in range(30):
        chosen = chance.sample(RULES, chance.randrange(len(RULES) + 1))
        head = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:own - [0:0]\n"
        text = head + "".join(f"{rule}\n" for rule in chosen) + "COMMIT\n" + chance.choice(("", NAT))
        firewall.load(text)
        fed = firewall.save()
        firewall.flush()
        assert "-A" not in firewall.save()
        firewall.run([program], input=text, check=True)
        assert sorted(firewall.save().splitlines()) == sorted(fed.splitlines())
        firewall.flush()


def test_rules_of_others_in_between_are_replaced(firewall: Firewall) -> None:
    firewall.load(FILTER)
    firewall.run(["iptables", "-A", "INPUT", "-j", "DROP"], check=True)
    firewall.run(["iptables", "-t", "nat", "-N", "other"], check=True)
    firewall.load(FILTER)
    saved = firewall.save()
    assert saved.count("-A ") == 1 and "other" not in saved


def test_a_refusal_names_its_line_and_changes_nothing(firewall: Firewall) -> None:
    firewall.load(FILTER)
    firewall.load(FILTER + NAT)
    before = firewall.save()
    with pytest.raises(RulesetError, match="NOSUCH") as raised:
        firewall.load(NAT.replace("8080", "9090") + "*filter\n-A INPUT -j NOSUCH\nCOMMIT\n")
    assert re.search(r"line:? [67]\b", str(raised.value)), "iptables-nft notices it at the COMMIT"
    assert sorted(firewall.save().splitlines()) == sorted(before.splitlines())
    firewall.load(FILTER)
    assert "REDIRECT" not in firewall.save()


def test_a_program_that_was_killed_is_started_again(firewall: Firewall) -> None:
    firewall.load(FILTER)
    kept = firewall._restorers[restore(firewall)]
    assert kept._process is not None
    kept._process.kill()
    kept._process.wait()
    firewall.load(NAT)
    assert "REDIRECT" in firewall.save() and "-A INPUT" not in firewall.save()
    firewall.load(FILTER)
    assert kept._process is not None and "-A INPUT" in firewall.save()


def test_more_text_than_a_pipe_holds(firewall: Firewall) -> None:
    """Comments, which come back by the other pipe: an ordinary user's iptables-nft takes few rules at once."""
    rules = "".join(f"-A INPUT -s 10.0.{number}.1/32 -j ACCEPT\n" for number in range(200))
    firewall.load(f"# {'.' * 70}\n" * 2000 + FILTER.replace("COMMIT\n", rules + "COMMIT\n"))
    assert firewall.save().count("-s 10.") == 200
    firewall.flush()
