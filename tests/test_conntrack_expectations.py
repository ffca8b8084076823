"""Expected connections: what fits, what ends an expectation, limits, what is inherited. Measured on Linux 6.18."""

from __future__ import annotations

from errno import EALREADY, EBUSY, EMFILE

from conntrack_wire import CLIENT, SERVER, icmp, tcp, udp
from conntrack_world import World, counters, held

from engine.conntrack import Expectation, Policy
from engine.conntrack.events import DESTROY, NEW, Event
from engine.conntrack.expectations import INACTIVE, PERMANENT, USERSPACE
from engine.core.connection import EXPECTED, HELPER, Connection, Tuple
from engine.core.context import Context
from engine.core.hooks import IPV4
from engine.core.verdict import ACCEPT

TCP = 6
UDP = 17
PORT = 0xFFFF
HOST = 0xFFFFFFFF

CONTROL = tcp(CLIENT, SERVER, 1000, 21, 1, 0, "S")
DATA = tcp(SERVER, CLIENT, 20, 5000, 1, 0, "S")


def with_master(helper: str = "ftp") -> tuple[World, Connection]:
    world = World()
    assert world.send(CONTROL, template_helper=helper) == "NEW"
    (master,) = world.conntrack.entries()
    return world, master


def data(
    master: Connection,
    dport: int = 5000,
    policy: Policy | None = None,
    flags: int = 0,
    sport_mask: int = 0,
    src_mask: int = HOST,
    class_number: int = 0,
) -> Expectation:
    """An active FTP data connection: from the server, port 20 or (without the mask) any, to a port of the client."""
    key = Tuple(IPV4, TCP, SERVER, CLIENT, 20, dport)
    return Expectation(master, key, src_mask, sport_mask, policy or Policy("ftp", 1, 300), class_number, flags)


def test_expected_connection_is_related_and_belongs_to_its_master() -> None:
    world, master = with_master()
    master.mark = 5
    assert world.conntrack.expect(data(master)) == 0
    assert world.send(DATA) == "RELATED"
    entry = world.conntrack.entries()[1]
    assert entry.master is master and entry.status & EXPECTED
    assert entry.mark == 5, "the mark is inherited"
    assert entry.helper == "", "the helper is not"
    assert world.conntrack.expectations() == [], "used up"
    assert world.lines()[0].endswith("use=3") and world.lines()[1].endswith("use=2")
    assert world.send(DATA) == "RELATED", "a retransmission"
    assert world.send(tcp(CLIENT, SERVER, 5000, 20, 9, 2, "SA")) == "ESTABLISHED"
    statistics = world.conntrack.table.statistics
    assert (statistics.expect_create, statistics.expect_new, statistics.expect_delete) == (1, 1, 0)


def test_marks_are_copied_once() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master))
    world.send(DATA)
    master.mark = 9
    assert world.conntrack.entries()[1].mark == 0


def test_what_fits() -> None:
    other_host = tcp(SERVER + 1, CLIENT, 20, 5000, 1, 0, "S")
    other_port = tcp(SERVER, CLIENT, 21, 5000, 1, 0, "S")
    other_target = tcp(SERVER, CLIENT, 20, 5001, 1, 0, "S")
    other_protocol = udp(SERVER, CLIENT, 20, 5000)
    table = [
        # source mask, port mask, packet, state
        (HOST, PORT, DATA, "RELATED"),
        (HOST, PORT, other_port, "NEW"),
        (HOST, 0, other_port, "RELATED"),
        (HOST, 0, other_host, "NEW"),
        (0, 0, other_host, "RELATED"),
        (HOST & ~255, 0, other_host, "RELATED"),
        (0, 0, other_target, "NEW"),
        (0, 0, other_protocol, "NEW"),
    ]
    for src_mask, sport_mask, packet, state in table:
        world, master = with_master()
        world.conntrack.expect(data(master, src_mask=src_mask, sport_mask=sport_mask))
        assert world.send(packet) == state, (src_mask, sport_mask, state)


def test_zone_of_the_master() -> None:
    world = World()
    world.send(CONTROL, zone_original=3, zone_reply=3)
    (master,) = world.conntrack.entries()
    world.conntrack.expect(data(master))
    assert world.send(DATA) == "NEW"
    assert world.send(DATA, zone_original=3, zone_reply=3) == "RELATED"


def test_permanent_stays_and_inactive_does_nothing() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master, 5000, flags=PERMANENT))
    world.conntrack.expect(data(master, 6000, Policy("ftp", 0, 300), INACTIVE))
    for sport in (20, 21, 22):
        assert world.send(tcp(SERVER, CLIENT, sport, 5000, 1, 0, "S")) == "RELATED"
    assert world.send(tcp(SERVER, CLIENT, 20, 6000, 1, 0, "S")) == "NEW"
    assert len(world.conntrack.expectations()) == 2
    assert world.lines()[0].endswith("use=5")


def test_ends_after_its_time() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master, policy=Policy("ftp", 1, 10)))
    world.now = 9.9
    world.conntrack.expire(world.now)
    (one,) = world.conntrack.expectations()
    assert world.conntrack.expect_line(one, world.now).startswith("0 l3proto = 2 proto=6 ")
    world.now = 10.0
    world.conntrack.expire(world.now)
    assert world.conntrack.expectations() == []
    assert world.send(DATA) == "NEW"
    assert master.expecting == [0]


def test_ends_with_its_master() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master))
    assert world.conntrack.delete(master)
    assert world.conntrack.expectations() == []
    assert world.send(DATA) == "NEW"


def test_connection_outlives_its_master() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master))
    world.send(DATA)
    world.conntrack.delete(master)
    assert world.send(DATA) == "RELATED"


def test_nothing_is_related_to_an_unconfirmed_master() -> None:
    world = World()
    packet, context = held(world, CONTROL)
    master = context.entry
    assert master is not None
    world.conntrack.expect(data(master))
    assert world.send(DATA) == "NEW"
    assert world.conntrack.confirm(packet, context) == ACCEPT
    assert len(world.conntrack.expectations()) == 1


def test_first_packet_dropped_takes_its_expectation_along() -> None:
    world = World()
    _, context = held(world, CONTROL)
    assert context.entry is not None
    world.conntrack.expect(data(context.entry))
    world.conntrack.dropped(context.entry)
    assert world.conntrack.expectations() == []


def test_related_packet_dropped_uses_the_expectation_up() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master))
    _, context = held(world, DATA)
    assert context.entry is not None
    assert master.children == 1
    world.conntrack.dropped(context.entry)
    assert master.children == 0
    assert world.conntrack.expectations() == []


def test_limit_of_a_policy_drops_the_oldest() -> None:
    world, master = with_master()
    policy = Policy("ftp", 2, 300)
    for port in (5001, 5002, 5003):
        assert world.conntrack.expect(data(master, port, policy)) == 0
    assert [one.key.dport for one in world.conntrack.expectations()] == [5002, 5003]


def test_classes_are_limited_by_themselves() -> None:
    world, master = with_master("sip")
    signalling, audio = Policy("signalling", 1, 180), Policy("audio", 2, 180)
    for port, policy, number in ((1, signalling, 0), (2, audio, 1), (3, audio, 1), (4, audio, 1), (5, signalling, 0)):
        assert world.conntrack.expect(data(master, port, policy, class_number=number)) == 0
    assert sorted(one.key.dport for one in world.conntrack.expectations()) == [3, 4, 5]
    assert master.expecting == [1, 2]


def test_limit_of_the_table() -> None:
    world, master = with_master()
    world.sysctl("expect_max", 3)
    policy = Policy("ftp", 0, 300)
    assert [world.conntrack.expect(data(master, port, policy)) for port in range(5)] == [0, 0, 0, EMFILE, EMFILE]


def test_the_same_again_starts_anew() -> None:
    world, master = with_master()
    policy = Policy("ftp", 4, 300)
    world.conntrack.expect(data(master, policy=policy))
    world.now = 100.0
    world.conntrack.expire(world.now)
    assert world.conntrack.expect(data(master, policy=policy)) == 0
    (one,) = world.conntrack.expectations()
    assert one.deadline == 400.0


def test_another_one_for_the_same_packets_is_refused() -> None:
    world, master = with_master()
    policy = Policy("ftp", 4, 300)
    world.conntrack.expect(data(master, policy=policy))
    assert world.conntrack.expect(data(master, policy=policy, src_mask=0)) == EBUSY
    assert world.conntrack.expect(data(master, policy=policy, class_number=1)) == EALREADY
    world.send(tcp(CLIENT + 1, SERVER, 1000, 21, 1, 0, "S"), template_helper="ftp")
    stranger = world.conntrack.entries()[1]
    assert world.conntrack.expect(data(stranger, policy=policy)) == EBUSY
    assert len(world.conntrack.expectations()) == 1


def test_helper_of_the_expectation_comes_to_the_new_entry() -> None:
    world, master = with_master("sip")
    one = data(master)
    one.helper = "sip"
    world.conntrack.expect(one)
    assert world.send(DATA, template_helper="irc") == "RELATED"
    entry = world.conntrack.entries()[1]
    assert entry.helper == "sip" and entry.status & HELPER


def test_follower_sees_the_entry_before_it_is_confirmed() -> None:
    seen = []

    class Watch:
        def follow(self, entry: Connection, expectation: Expectation, context: Context) -> None:
            seen.append((entry.master is expectation.master, entry.key_original, context.now))

    world, master = with_master()
    one = data(master)
    one.follower = Watch()
    world.conntrack.expect(one)
    world.now = 4.0
    world.send(DATA)
    assert seen == [(True, b"", 4.0)]


def test_error_about_a_related_connection() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master))
    world.send(DATA)
    assert world.send(icmp(CLIENT, SERVER, 3, 3, 0, DATA)) == "RELATED"


def test_lines() -> None:
    world, master = with_master()
    one = data(master, flags=PERMANENT | INACTIVE | USERSPACE)
    world.conntrack.expect(one)
    tuple_text = "src=10.0.2.2 dst=10.0.1.5 sport=20 dport=5000"
    line = world.conntrack.expect_line(one, world.now)
    assert line == f"300 l3proto = 2 proto=6 {tuple_text} PERMANENT,INACTIVE,USERSPACE ftp/ftp"
    world.conntrack.unexpect(one)
    plain = data(master, policy=Policy("", 1, 300))
    world.conntrack.expect(plain)
    world.now = 100.5
    assert world.conntrack.expect_line(plain, world.now) == f"199 l3proto = 2 proto=6 {tuple_text} ftp"


def test_events_and_counters() -> None:
    world = World()
    heard: list[Event] = []
    world.conntrack.table.events.subscribe(heard.append)
    world.send(CONTROL, template_helper="ftp")
    (master,) = world.conntrack.entries()
    heard.clear()
    one, other = data(master), data(master, 6000, Policy("ftp", 0, 1))
    world.conntrack.expect(one)
    world.conntrack.expect(other)
    assert world.conntrack.unexpect(one)
    assert not world.conntrack.unexpect(one)
    world.now = 2.0
    world.conntrack.expire(world.now)
    assert [(event.kind, event.expectation) for event in heard] == [
        (NEW, one),
        (NEW, other),
        (DESTROY, one),
        (DESTROY, other),
    ]
    assert counters(world) == {}


def test_event_mask_of_expectations() -> None:
    """CT --expevents."""
    world = World()
    heard: list[Event] = []
    world.conntrack.table.events.subscribe(heard.append)
    world.send(CONTROL, template_helper="ftp", template_expect_events=0)
    (master,) = world.conntrack.entries()
    heard.clear()
    world.conntrack.expect(data(master))
    assert heard == []


def test_flush_takes_everything() -> None:
    world, master = with_master()
    world.conntrack.expect(data(master))
    world.conntrack.flush()
    assert world.conntrack.expectations() == [] and world.lines() == []
