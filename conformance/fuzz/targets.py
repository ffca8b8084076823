"""Every target whose effect two machines can share, as rows (see rows.py).

Left out: what draws from secrets or chance (SYNPROXY, --random), needs a security module (SECMARK), or hands packets
to a program (NFQUEUE). No proxy listens for TPROXY: it drops. TEE, zones of one direction: docs/deviations.md.
"""

from __future__ import annotations

from conformance.fuzz.rows import Row

PORTED = ("tcp", "udp", "sctp", "dccp")
SOURCE = ("POSTROUTING", "INPUT")
DESTINATION = ("PREROUTING", "OUTPUT")
MANGLE = ("mangle",)
V4, V6 = 4, 6

# In any chain of any table
PLAIN: list[Row] = [
    Row("", weight=2),
    Row("-j ACCEPT", weight=2),
    Row("-j RETURN"),
    Row("-j MARK --set-xmark {mark}"),
    Row("-j MARK --{set|and|or|xor}-mark {0x1|0x10|0xf0}"),
    Row("-j CONNMARK {--save-mark|--restore-mark|--restore-mark --nfmask 0xf --ctmask 0xf}"),
    Row("-j CONNMARK --set-xmark {mark}"),
    Row("-j CONNMARK --{set|and|or|xor}-mark {0x1|0x10|0xf0}"),
    Row("-j NFLOG --nflog-group 7"),
    Row("-j IDLETIMER --timeout 3600 --label t{number}"),
]

TARGETS: list[Row] = [
    Row("-j DROP", tables=("raw", "mangle", "filter", "security"), weight=2),
    Row("-j AUDIT --type {accept|drop}", hooks=("INPUT", "FORWARD", "OUTPUT"), tables=("filter",)),
    Row("-j DROP", tables=("filter",), hooks=("INPUT", "FORWARD", "OUTPUT"), weight=2),
    Row(
        "-j REJECT --reject-with tcp-reset",
        protos=("tcp",),
        tables=("filter",),
        hooks=("INPUT", "FORWARD", "OUTPUT"),
        weight=3,
    ),
    Row(
        "-j REJECT --reject-with icmp-{port-unreachable|host-prohibited|admin-prohibited|net-unreachable|"
        "proto-unreachable|host-unreachable|net-prohibited}",
        version=V4,
        tables=("filter",),
        hooks=("INPUT", "FORWARD", "OUTPUT"),
        weight=3,
    ),
    Row(
        "-j REJECT --reject-with {icmp6-port-unreachable|icmp6-adm-prohibited|icmp6-no-route|icmp6-addr-unreachable|"
        "icmp6-policy-fail|icmp6-reject-route}",
        version=V6,
        tables=("filter",),
        hooks=("INPUT", "FORWARD", "OUTPUT"),
        weight=3,
    ),
    # raw
    Row("-j {CT --notrack|NOTRACK}", tables=("raw",), hooks=DESTINATION, weight=3),
    Row("-j CT --zone {1|2|mark}", tables=("raw",), hooks=("PREROUTING",), weight=2),
    Row("-j CT --ctevents {new|destroy,reply} --expevents new", tables=("raw",), hooks=DESTINATION),
    Row("-j CT --helper {ftp|sip}", protos=("tcp",), tables=("raw",), hooks=DESTINATION, weight=6),
    Row("-j CT --helper {tftp|sip}", protos=("udp",), tables=("raw",), hooks=DESTINATION, weight=6),
    Row("-j CT --helper ftp --zone 1", protos=("tcp",), tables=("raw",), hooks=("PREROUTING",)),
    # mangle
    Row(
        "-j TOS --set-tos {0x10|0x08/0x3f|0x04}",
        tables=MANGLE,
        hooks=("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    ),
    Row("-j TOS --{and|or|xor}-tos {0x10|0xf0}", tables=MANGLE),
    Row("-j DSCP --set-dscp {10|0}", tables=MANGLE),
    Row("-j DSCP --set-dscp-class {EF|AF21}", tables=MANGLE),
    Row("-j TTL --ttl-{set 40|dec 3|inc 2|set 1}", tables=MANGLE, version=V4),
    Row("-j HL --hl-{set 40|dec 3|inc 2|set 1}", tables=MANGLE, version=V6),
    Row("-j ECN --ecn-tcp-remove", tables=MANGLE, version=V4, protos=("tcp",)),
    Row("-m tcp --syn -j TCPMSS --set-mss {1000|2000|1}", tables=MANGLE, protos=("tcp",), weight=2),
    Row(
        "-m tcp --syn -j TCPMSS --clamp-mss-to-pmtu",
        tables=MANGLE,
        protos=("tcp",),
        hooks=("FORWARD", "OUTPUT", "POSTROUTING"),
    ),
    Row(
        "-j TCPOPTSTRIP --strip-options {mss|wscale,sack-permitted|timestamp|2,3,4,8}",
        tables=MANGLE,
        protos=("tcp",),
        weight=2,
    ),
    Row(
        "-j HMARK --hmark-tuple {src|src,dst|src,dst,sport,dport|sport,dport,proto|ct} --hmark-mod {5|256} "
        "--hmark-offset {0|100} --hmark-rnd {number}",
        tables=MANGLE,
        weight=2,
    ),
    Row("-j CLASSIFY --set-class 1:{10|a}", tables=MANGLE, hooks=("FORWARD", "OUTPUT", "POSTROUTING")),
    Row("-j CHECKSUM --checksum-fill", tables=MANGLE),
    Row("{snpt}", tables=MANGLE, version=V6, hooks=SOURCE, weight=2),
    Row("{dnpt}", tables=MANGLE, version=V6, hooks=DESTINATION, weight=2),
    Row("-j TPROXY --on-port {port} --tproxy-mark {mark}", tables=MANGLE, hooks=("PREROUTING",), protos=("tcp", "udp")),
    Row("-j TPROXY --on-port 0 --on-ip {own}", tables=MANGLE, hooks=("PREROUTING",), protos=("tcp", "udp")),
]

TRANSLATIONS: list[Row] = [
    Row("-j SNAT --to-source {own}", hooks=SOURCE, weight=3),
    Row("-j SNAT --to-source {host}", hooks=SOURCE),
    Row("-j SNAT --to-source {span}{| --persistent}", hooks=SOURCE),
    Row("-j SNAT --to-source {own_}:{1100-1300|2100-2300|30000-30200}", hooks=SOURCE, protos=PORTED, weight=3),
    Row("-j MASQUERADE", hooks=("POSTROUTING",), weight=3),
    Row("-j MASQUERADE --to-ports {1100-1300|2100-2300|30000-30200}", hooks=("POSTROUTING",), protos=PORTED, weight=3),
    Row("-j DNAT --to-destination {host}", hooks=DESTINATION, weight=3),
    Row("-j DNAT --to-destination {span}{| --persistent}", hooks=DESTINATION),
    Row("-j DNAT --to-destination {host_}:{port}", hooks=DESTINATION, protos=PORTED, weight=3),
    Row("-j DNAT --to-destination :{port}", hooks=DESTINATION, protos=PORTED, weight=2),
    Row("-j REDIRECT", hooks=DESTINATION, weight=2),
    Row("-j REDIRECT --to-ports {port}", hooks=DESTINATION, protos=PORTED, weight=2),
    Row(
        "-j NETMAP --to {10.0.1.0/24|10.0.2.0/24|198.51.100.0/28|10.0.3.0/24}",
        version=V4,
        hooks=(*SOURCE, *DESTINATION),
    ),
    Row(
        "-j NETMAP --to {2001:db8:1::/64|2001:db8:2::/64|2001:db8:ff::/120}", version=V6, hooks=(*SOURCE, *DESTINATION)
    ),
]
