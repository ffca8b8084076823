"""CT: what is said of helpers that there is only the name of."""

from __future__ import annotations

import pytest

from engine.helpers import NAMES
from engine.language.commands import run
from engine.language.store import RulesetStore
from engine.target.ct import HELPERS, NAMES_ONLY

SAYS = "Warning: helper {} is not implemented here: it expects nothing\n"


@pytest.mark.parametrize(("name", "proto"), [("H.245", "udp"), ("RAS", "udp"), ("Q.931", "tcp"), ("snmp_trap", "udp")])
def test_a_helper_that_does_nothing_is_taken_with_a_warning(name: str, proto: str) -> None:
    store = RulesetStore()
    words = f"-A PREROUTING -p {proto} -j CT --helper {name}"
    done = run(["iptables", "-t", "raw", *words.split()], "", store)
    assert (done.exit, done.stderr) == (0, SAYS.format(name))
    done = run(["iptables-restore"], f"*raw\n{words}\n{words}\nCOMMIT\n", store)
    assert (done.exit, done.stderr) == (0, SAYS.format(name) * 2)
    assert store.load(f"*raw\n{words}\nCOMMIT\n") == [SAYS.format(name)]
    assert run(["iptables", "-t", "raw", "-S"], "", store).stderr == ""


def test_the_others_read_something() -> None:
    assert set(HELPERS) - NAMES_ONLY == set(NAMES)
    done = run(["iptables-restore"], "*raw\n-A PREROUTING -p tcp -j CT --helper ftp\nCOMMIT\n", RulesetStore())
    assert (done.exit, done.stderr) == (0, "")
