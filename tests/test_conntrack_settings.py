"""The sysctls of connection tracking: defaults, what can be written, errors. Recorded on Linux 6.18."""

from __future__ import annotations

import pytest
from conntrack_world import World

# sysctl net.netfilter in a fresh namespace (24 GiB of memory)
DEFAULTS = """
nf_conntrack_acct = 0
nf_conntrack_buckets = 262144
nf_conntrack_checksum = 1
nf_conntrack_count = 0
nf_conntrack_events = 2
nf_conntrack_expect_max = 4096
nf_conntrack_frag6_high_thresh = 4194304
nf_conntrack_frag6_low_thresh = 3145728
nf_conntrack_frag6_timeout = 60
nf_conntrack_generic_timeout = 600
nf_conntrack_gre_timeout = 30
nf_conntrack_gre_timeout_stream = 180
nf_conntrack_icmp_timeout = 30
nf_conntrack_icmpv6_timeout = 30
nf_conntrack_log_invalid = 0
nf_conntrack_max = 262144
nf_conntrack_sctp_timeout_closed = 10
nf_conntrack_sctp_timeout_cookie_echoed = 3
nf_conntrack_sctp_timeout_cookie_wait = 3
nf_conntrack_sctp_timeout_established = 210
nf_conntrack_sctp_timeout_heartbeat_sent = 30
nf_conntrack_sctp_timeout_shutdown_ack_sent = 3
nf_conntrack_sctp_timeout_shutdown_recd = 3
nf_conntrack_sctp_timeout_shutdown_sent = 3
nf_conntrack_tcp_be_liberal = 0
nf_conntrack_tcp_ignore_invalid_rst = 0
nf_conntrack_tcp_loose = 1
nf_conntrack_tcp_max_retrans = 3
nf_conntrack_tcp_timeout_close = 10
nf_conntrack_tcp_timeout_close_wait = 60
nf_conntrack_tcp_timeout_established = 432000
nf_conntrack_tcp_timeout_fin_wait = 120
nf_conntrack_tcp_timeout_last_ack = 30
nf_conntrack_tcp_timeout_max_retrans = 300
nf_conntrack_tcp_timeout_syn_recv = 60
nf_conntrack_tcp_timeout_syn_sent = 120
nf_conntrack_tcp_timeout_time_wait = 120
nf_conntrack_tcp_timeout_unacknowledged = 300
nf_conntrack_timestamp = 0
nf_conntrack_udp_timeout = 30
nf_conntrack_udp_timeout_stream = 120
"""

EINVAL = "Invalid argument"

# What is written -> what stands there afterwards, or the error
TIMEOUT = {
    "7": "7",
    " 7": "7",
    "7 8": "7",
    "1\n": "1",
    "0x10": "16",
    "010": "8",
    "08": EINVAL,
    "-5": "-5",
    "8589934": "8589934",
    "8589935": EINVAL,
    "-8589934": "-8589934",
    "-8589935": EINVAL,
    "4294967296": EINVAL,
    "": "no change",
    "abc": EINVAL,
    "7abc": EINVAL,
    "1.5": EINVAL,
    "+5": EINVAL,
    "--1": EINVAL,
    "-": EINVAL,
}
SWITCH = {"0": "0", "1": "1", "2": EINVAL, "-1": EINVAL, "01": "1", "0x1": "1", "": "no change"}
BYTE = {"0": "0", "255": "255", "256": EINVAL, "-1": EINVAL}
MODE = {"0": "0", "1": "1", "2": "2", "3": EINVAL}
WRITES = {
    "nf_conntrack_tcp_timeout_established": TIMEOUT,
    "nf_conntrack_udp_timeout": TIMEOUT,
    "nf_conntrack_generic_timeout": TIMEOUT,
    "nf_conntrack_sctp_timeout_closed": TIMEOUT,
    "nf_conntrack_frag6_timeout": TIMEOUT,
    "nf_conntrack_acct": SWITCH,
    "nf_conntrack_checksum": SWITCH,
    "nf_conntrack_timestamp": SWITCH,
    "nf_conntrack_tcp_loose": SWITCH,
    "nf_conntrack_tcp_be_liberal": SWITCH,
    "nf_conntrack_tcp_ignore_invalid_rst": SWITCH,
    "nf_conntrack_tcp_max_retrans": BYTE,
    "nf_conntrack_log_invalid": BYTE,
    "nf_conntrack_events": MODE,
    "nf_conntrack_frag6_high_thresh": {"3145728": "3145728", "3145727": EINVAL, "4294967296": "4294967296"},
    "nf_conntrack_frag6_low_thresh": {"0": "0", "4194304": "4194304", "4194305": EINVAL},
    "nf_conntrack_count": {"5": "Permission denied"},
    "nf_conntrack_tcp_timeout_none": {"5": "No such file or directory"},
}


def test_defaults() -> None:
    world = World()
    lines = [line.split(" = ") for line in DEFAULTS.split("\n") if line]
    for name, value in lines:
        assert world.conntrack.sysctl("net.netfilter." + name) == value, name
        assert name == "nf_conntrack_count" or world.shared.sysctls["net.netfilter." + name] == value, name
    known = {name.removeprefix("net.netfilter.") for name in world.shared.sysctls if "nf_conntrack_" in name}
    assert known - {name for name, _ in lines} == {"net.nf_conntrack_max"}


@pytest.mark.parametrize("name", WRITES)
def test_writes(name: str) -> None:
    for text, outcome in WRITES[name].items():
        world = World()
        before = world.conntrack.sysctl(name)
        error = world.conntrack.set_sysctl("net.netfilter." + name, text)
        after = world.conntrack.sysctl(name)
        if outcome.lstrip("-").isdigit():
            assert (error, after) == ("", outcome), text
            assert world.shared.sysctls["net.netfilter." + name] == outcome
        else:
            assert error == ("" if outcome == "no change" else outcome), text
            assert after == before


def test_both_names_of_the_limit() -> None:
    world = World()
    assert world.conntrack.set_sysctl("net.nf_conntrack_max", "1000") == ""
    assert world.conntrack.sysctl("net.netfilter.nf_conntrack_max") == "1000"
    world.sysctl("max", 2000)
    assert world.conntrack.sysctl("net.nf_conntrack_max") == "2000"
    assert world.shared.sysctls["net.nf_conntrack_max"] == "2000"
    assert world.conntrack.sysctl("net.netfilter.nf_nonsense") is None
