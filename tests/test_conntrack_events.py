"""Accounts, ages and events of connections. Outcomes were measured on Linux 6.18."""

from __future__ import annotations

from conntrack_world import ANSWER, DNS, World, closing, held

from engine.conntrack.events import DESTROY, NEW, UPDATE, Event
from engine.core.connection import EVENT_ASSURED, EVENT_DESTROY, EVENT_MARK, EVENT_NEW, EVENT_PROTOINFO, EVENT_REPLY

# -- accounts and times


def test_accounts_begin_with_the_entry() -> None:
    world = World()
    world.send(DNS)
    world.sysctl("acct", 1)
    world.send(DNS)
    assert "packets=" not in world.line(), "made before"
    world.conntrack.flush()
    world.send(DNS)
    world.send(ANSWER)
    world.sysctl("acct", 0)
    world.send(DNS)
    assert "dport=53 packets=2 bytes=58 src=" in world.line()
    assert "dport=1000 packets=1 bytes=29 mark=0" in world.line()


def test_age_of_an_entry() -> None:
    world = World()
    world.sysctl("timestamp", 1)
    world.send(DNS)
    world.now = 7.5
    assert world.line().endswith("mark=0 zone=0 delta-time=7 use=2")


# -- events


def listening(world: World) -> list[Event]:
    heard: list[Event] = []
    world.conntrack.table.events.subscribe(heard.append)
    return heard


def kinds(heard: list[Event]) -> list[int]:
    found = [event.kind for event in heard]
    heard.clear()
    return found


def test_events_of_a_flow() -> None:
    world = World()
    heard = listening(world)
    world.send(DNS)
    assert [(event.kind, event.bits) for event in heard] == [(NEW, EVENT_NEW)]
    world.send(DNS)
    world.send(ANSWER)
    assert [(event.kind, event.bits) for event in heard[1:]] == [(UPDATE, EVENT_REPLY)]
    world.now = 3.0
    world.send(DNS)
    assert [(event.kind, event.bits) for event in heard[2:]] == [(UPDATE, EVENT_ASSURED)]
    world.now = 500.0
    world.conntrack.expire(world.now)
    assert [(event.kind, event.bits) for event in heard[3:]] == [(DESTROY, EVENT_DESTROY)]


def test_events_of_tcp_come_with_every_state() -> None:
    world = World()
    heard = listening(world)
    closing(world, 1000)
    assert [event.kind for event in heard] == [NEW, UPDATE, UPDATE, UPDATE, UPDATE, UPDATE]
    assert all(event.bits & EVENT_PROTOINFO for event in heard[1:])


def test_events_only_for_entries_made_while_somebody_listens() -> None:
    world = World()
    world.send(DNS)
    heard = listening(world)
    world.send(ANSWER)
    world.conntrack.flush()
    assert heard == []


def test_events_for_all_entries_with_1() -> None:
    world = World()
    world.sysctl("events", 1)
    world.send(DNS)
    heard = listening(world)
    world.send(ANSWER)
    world.conntrack.flush()
    assert kinds(heard) == [UPDATE, DESTROY]


def test_no_events_with_0() -> None:
    world = World()
    heard = listening(world)
    world.sysctl("events", 0)
    world.send(DNS)
    world.send(ANSWER)
    world.conntrack.flush()
    assert heard == []


def test_event_mask_of_a_rule() -> None:
    """CT --ctevents."""
    world = World()
    heard = listening(world)
    world.send(DNS, template_events=EVENT_REPLY | EVENT_DESTROY)
    world.send(ANSWER)
    world.now = 3.0
    world.send(DNS)
    world.conntrack.flush()
    assert kinds(heard) == [UPDATE, DESTROY]


def test_mark_changed_with_the_packet() -> None:
    world = World()
    heard = listening(world)
    packet, context = held(world, DNS)
    assert context.entry is not None
    context.entry.mark = 7
    context.entry.event_cache |= EVENT_MARK
    world.conntrack.confirm(packet, context)
    assert [(event.kind, event.bits) for event in heard] == [(NEW, EVENT_NEW | EVENT_MARK)]


def test_unsubscribed_hears_nothing() -> None:
    world = World()
    heard = listening(world)
    world.conntrack.table.events.unsubscribe(heard.append)
    world.conntrack.table.events.listeners.clear()
    world.send(DNS)
    assert heard == []
