"""Loading rulesets: whole or not at all, faults with their place, bad input of every kind, and scale."""

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.context import Environment, Randomness, Shared
from engine.core.hooks import IPV4
from engine.language.commands import run
from engine.language.errors import RulesetError
from engine.language.rule import parse_rules
from engine.language.store import RulesetStore

GOOD = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j mine
-A mine -s 192.0.2.0/24 -j ACCEPT
COMMIT
"""


def load(text: str, **options: bool) -> RulesetStore:
    store = RulesetStore(Shared(Environment(), Randomness()))
    store.load(text, "ipv4", "rules.v4", **options)
    return store


def test_tables_are_saved_the_last_one_first() -> None:
    nat, comma, filter_ = GOOD.partition("*filter")
    assert load(GOOD).save() == comma + filter_ + nat


def test_saving_and_loading_again_is_stable() -> None:
    once = load(GOOD).save()
    again = load(once).save()
    assert load(again).save() == once


def test_every_rule_knows_where_it_came_from() -> None:
    rules = load(GOOD).rulesets[IPV4].tables["filter"].chains
    assert [str(rule.place) for rule in rules["INPUT"].rules] == ["rules.v4:13", "rules.v4:14"]
    assert [str(rule.place) for rule in rules["mine"].rules] == ["rules.v4:15"]


def test_counters_are_taken_only_when_asked_for() -> None:
    text = "*filter\n:INPUT DROP [1:2]\n[3:4] -A INPUT -j ACCEPT\n-A INPUT -c 5 6 -j DROP\nCOMMIT\n"
    assert "[3:4]" not in load(text).save(counters=True)
    with_counters = load(text, counters=True).save(counters=True)
    assert ":INPUT DROP [1:2]" in with_counters
    assert "[3:4] -A INPUT -j ACCEPT" in with_counters
    assert "[5:6] -A INPUT -j DROP" in with_counters
    with pytest.raises(RulesetError, match="packet counter not numeric"):
        load("*filter\n[²:0] -A INPUT -j ACCEPT\nCOMMIT\n", counters=True)  # a digit, but none that int() reads


def test_tables_that_the_text_does_not_name_stay_unless_asked() -> None:
    store = load(GOOD)
    store.load("*filter\nCOMMIT\n")
    assert "MASQUERADE" in store.save()
    assert "192.0.2.0" not in store.save()
    store.load("*filter\nCOMMIT\n", others=True)
    assert "*nat" not in store.save()


def test_noflush_adds_and_test_only_looks() -> None:
    store = load(GOOD)
    before = store.save()
    store.load("*filter\n:mine - [0:0]\n-A INPUT -s 1.1.1.1\nCOMMIT\n", test=True, noflush=True)
    assert store.save() == before
    store.load("*filter\n:mine - [0:0]\n-A INPUT -s 1.1.1.1\nCOMMIT\n*raw\nCOMMIT\n", noflush=True)
    assert "-A INPUT -s 1.1.1.1/32\n" in store.save()
    assert "192.0.2.0" not in store.save(), "a declared chain is emptied"
    assert "-j mine" in store.save()


def test_a_last_line_without_newline_is_a_line() -> None:
    assert load(GOOD.removesuffix("\n")).save() == load(GOOD).save()


FAULTS = [
    # text, place, part of the message, part of the hint
    ("*filter\n-A INPUT -p tcp -m tcp --dports 22,80 -j ACCEPT\nCOMMIT\n", "2:24", "--dports", "-m multiport --dports"),
    ("*filter\n-A INPUT --dport 22\nCOMMIT\n", "2:10", "--dport", "-p tcp --dport"),
    ("*filter\n-A INPUT -j MASQUERADE\nCOMMIT\n", "2:1", "only valid in nat table, not filter", ""),
    ("*filtre\nCOMMIT\n", "1:1", "unable to initialize table 'filtre'", "tables are"),
    ("*filter\n-A INPUT -s 1.2.3.4/33 -j ACCEPT\nCOMMIT\n", "2:13", "invalid mask `33'", ""),
    ('*filter\n[1:2] -A INPUT  -s "1.2.3.4"   -j  accept\nCOMMIT\n', "2:36", "accept", "did you mean target 'ACCEPT'"),
    ("*filter\r\nCOMMIT\r\n", "1:1", "table 'filter", "Unix line ends"),
    ("*filter\n-A INPUT -j ACCEPT\r\nCOMMIT\n", "2:13", "ACCEPT", "Unix line ends"),
    ("*filter\n-A INPUT -j FOO\nCOMMIT\n", "2:13", "FOO", "declared"),
    ("*filter\n-A FOO\nCOMMIT\n", "2:4", "No chain", "declared"),
    ("*filter\n-A INPUT -m multiprot --dports 1\nCOMMIT\n", "2:13", "multiprot", "did you mean match 'multiport'"),
    ("*filter\n:X ACCEPT\nCOMMIT\n", "2:4", "Bad built-in chain name", ""),
    ("*filter\n:X - [0:0]\n:X - [0:0]\nCOMMIT\n", "3:1", "File exists", ""),
    ("*filter\n-A INPUT -m length\nCOMMIT\n", "2:13", "must be specified", ""),
    ("*filter\n-A INPUT -o eth0\nCOMMIT\n", "2:10", "Can't use -o with INPUT", ""),
    ("foo\n", "1:1", "a table must begin first", "between"),
    ("*filter\n-A INPUT -j ACCEPT # x\nCOMMIT\n", "2:20", "`#'", "first column"),
    ("*filter\ncommit\n", "2:1", "commit", "capitals"),
    ("*filter\n-A INPUT\n", "3:1", "COMMIT expected", "complete"),
    ("*filter\n-A INPUT", "3:1", "COMMIT expected", "complete"),
    ("*nat\n-A PREROUTING -j DROP\nCOMMIT\n", "2:18", "DROP is therefore inhibited", ""),
    ("*filter\n:a -\n:b -\n-A INPUT -j a\n-A a -j b\n-A b -j a\nCOMMIT\n", "6:1", "loop", ""),
    ("*filter\n-A INPUT -j OUTPUT\nCOMMIT\n", "2:1", "Invalid argument", "built-in"),
    ("*filter\n-A INPUT -m comment --comment " + "x" * 1024 + "\nCOMMIT\n", "2:31", "too long", ""),
    ("*filter\n-A INPUT " + "x " * 10000 + "\nCOMMIT\n", "2:1", "longer than", ""),
    ("*filter\n-A INPUT" + " -m comment --comment a" * 90 + "\nCOMMIT\n", None, "more arguments", ""),
    ("x" * 1_000_000, "1:1", "longer than", ""),
    ("\0\1\2\n", "1:1", "NUL", "plain text"),
    ("\udcff\udcfe*\n", "1:1", "a table must begin first", ""),
    ("*filter\n-A INPUT -s \udcff\nCOMMIT\n", "2:13", "not found", ""),
    ("*filter\n[3 -A INPUT\nCOMMIT\n", "2:1", "need ]", ""),
]


@pytest.mark.parametrize(("text", "place", "message", "hint"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_names_its_place_and_nothing_changes(text: str, place: str | None, message: str, hint: str) -> None:
    store = load(GOOD)
    before = store.save(counters=True)
    with pytest.raises(RulesetError) as caught:
        store.load(text, "ipv4", "rules.v4")
    error = caught.value
    if place is not None:
        assert str(error).startswith(f"rules.v4:{place}: ")
    assert message in error.message
    assert hint in error.hint
    assert "the rules in force are unchanged" in str(error)
    assert len(str(error)) < 2000
    assert store.save(counters=True) == before


def test_a_fault_in_the_last_table_undoes_the_first() -> None:
    store = load(GOOD)
    before = store.save()
    with pytest.raises(RulesetError):
        store.load("*nat\nCOMMIT\n*raw\n-A PREROUTING\nCOMMIT\n*filter\n-F\n-P INPUT ACCEPT\n-X mine\n-A NO\nCOMMIT\n")
    assert store.save() == before
    assert "raw" not in store.rulesets[IPV4].tables


def test_the_source_line_is_shown_with_the_word() -> None:
    with pytest.raises(RulesetError) as caught:
        load("*filter\n-A FORWARD -p tcp -m tcp --dports 22,80 -j ACCEPT\nCOMMIT\n")
    lines = str(caught.value).split("\n")
    assert lines[1].endswith("2 | -A FORWARD -p tcp -m tcp --dports 22,80 -j ACCEPT")
    start = lines[1].index("--dports")
    assert lines[2][start:].rstrip() == "^" * 8
    assert lines[2][:start].endswith("| " + " " * (start - lines[2].index("|") - 2))


# -- scale


def test_deep_nesting_and_loops_need_no_recursion() -> None:
    count = 20000
    chains = "".join(f":c{number} - [0:0]\n" for number in range(count))
    jumps = "".join(f"-A c{number} -j c{number + 1}\n" for number in range(count - 1))
    load(f"*filter\n{chains}-A INPUT -j c0\n{jumps}COMMIT\n")
    with pytest.raises(RulesetError, match="loop"):
        load(f"*filter\n{chains}-A INPUT -j c0\n{jumps}-A c{count - 1} -j c0\nCOMMIT\n")
    load(f"*filter\n{chains}{jumps}-A c{count - 1} -j c0\nCOMMIT\n")  # nobody comes there: as in iptables-legacy


def test_hundreds_of_thousands_of_chains() -> None:
    """A million take 5 s; something quadratic would not end."""
    text = "*filter\n" + "".join(f":c{number} - [0:0]\n" for number in range(200_000)) + "COMMIT\n"
    store = RulesetStore()
    store.load(text)
    assert len(store.rulesets[IPV4].tables["filter"].chains) == 200_003
    assert run(["iptables", "-X"], "", store).exit == 0
    assert len(store.rulesets[IPV4].tables["filter"].chains) == 3


def test_loading_takes_time_in_proportion_to_the_rules() -> None:
    def seconds(count: int) -> float:
        lines = (
            f"-A INPUT -s 10.0.{n >> 8 & 255}.{n & 255}/32 -p tcp -m tcp --dport {n % 65536}" for n in range(count)
        )
        text = "*filter\n" + "\n".join(lines) + "\nCOMMIT\n"
        best = 1e9
        for _ in range(3):
            start = time.process_time()
            load(text)
            best = min(best, time.process_time() - start)
        return best

    small, big = seconds(1000), seconds(8000)
    assert big < small * 8 * 4, (small, big)


# -- anything at all

VOCABULARY = """
-A -I -D -R -C -L -S -F -Z -N -X -P -E -s -d -p -i -o -j -g -m -t -c -f -v -n -x -w -4 -6 -h -V ! -- -
INPUT FORWARD OUTPUT mine nosuch filter nat ACCEPT DROP RETURN LOG MARK REJECT SNAT MASQUERADE tcp udp icmp 6 0 1 -1
1.2.3.4 1.2.3.4/24 ::1 eth0 eth+ --dport --sport --dports --ports --ctstate --state --limit --mark --set-mark
--comment --log-prefix --reject-with --to-source --to-destination --to-ports --string --algo --hex-string --name
--set --update --seconds --tcp-flags --syn --icmp-type --mac-source --src-range --length --ttl-set --u32
--hashlimit --hashlimit-name --connlimit-above --physdev-in --every --probability --mode random nth
conntrack state limit mark comment multiport string recent hashlimit u32 time owner set rpfilter policy
22 22:80 80,443 1:2:3 NEW,ESTABLISHED 3/second 0x1/0xff SYN,ACK SYN a|b |41| \u00e9 \udcff
"""
WORDS = st.sampled_from(re.split(r"\s+", VOCABULARY.strip()))
ANY_WORD = st.one_of(WORDS, st.text(st.characters(exclude_characters="\0"), max_size=12))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANY_WORD, max_size=14), st.sampled_from(["iptables", "ip6tables", "iptables-save", "iptables-restore"]))
def test_any_words_get_an_exit_code(words: list[str], program: str) -> None:
    store = RulesetStore()
    safe = [word for word in words if word not in ("-f", "--file")] if program == "iptables-save" else words
    result = run([program, *safe], "", store)
    assert result.exit in (0, 1, 2, 3)
    assert result.exit == 0 or result.stderr
    again = RulesetStore()
    again.load(re.sub(r"^#.*\n", "", store.save(), flags=re.M))


LINES = st.one_of(
    st.sampled_from(["*filter", "*nat", "*raw", "COMMIT", ":mine - [0:0]", ":INPUT DROP [1:2]", "#x", "", "-F", "-X"]),
    st.lists(ANY_WORD, max_size=10).map(lambda words: " ".join(["-A INPUT", *words])),
    st.lists(ANY_WORD, max_size=6).map(" ".join),
    st.text(max_size=30),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=12), st.booleans(), st.booleans())
def test_any_text_is_loaded_or_refused(lines: list[str], noflush: bool, counters: bool) -> None:
    text = "*filter\n:mine - [0:0]\n" + "\n".join(lines) + "\nCOMMIT\n"
    store = load(GOOD)
    before = store.save(counters=True)
    try:
        store.load(text, "ipv4", "rules.v4", counters=counters, noflush=noflush)
    except RulesetError as error:
        assert re.match(r"rules\.v4:\d+:\d+: .", str(error), re.DOTALL)
        assert store.save(counters=True) == before
    result = run(["iptables-restore"], text, RulesetStore())
    assert result.exit in (0, 1, 2)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_loaded_or_refused(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for start in ("", "*filter\n", "*filter\n-A INPUT "):
        try:
            load(start + text)
        except RulesetError as error:
            assert str(error)


def test_parse_rules_is_the_short_way() -> None:
    assert len(parse_rules(["-s", "1.1.1.1,2.2.2.2", "-j", "ACCEPT"], IPV4)) == 2
