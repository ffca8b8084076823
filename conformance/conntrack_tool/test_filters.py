"""Which connections each filter of `conntrack -L` shows, of a table that holds one of every sort.

The rows were read off conntrack 1.4.7 on Linux 6.18. Names of connections: world.py.
"""

import shlex
from typing import Final

from conformance.conntrack_tool.asking import ask
from conformance.conntrack_tool.world import NAMES, NEEDS, everything, named
from conformance.vocabulary import Failed, case

TOOL: Final = "conntrack v1.4.7 (conntrack-tools): "
TRY: Final = "Try `conntrack -h' or 'conntrack --help' for more information."
ALL: Final = tuple(NAMES.values())
IPV6: Final = ("tcp6", "udp6", "ping6")
# Names for many connections
GROUPS: Final = {
    "nothing": (),
    "everything": ALL,
    "ipv4": tuple(name for name in ALL if name not in IPV6),
    "all-udp": tuple(name for key, name in NAMES.items() if key.startswith("udp ")),
}

# `options | connections that are shown`, `options | ! complaint`, or both. `?NAME`: shown or not, as the memory has it
# where the tool compares addresses of ICMPv6 that it never read.
SHEETS: Final[dict[str, dict[str, object]]] = {
    "family": {"requirement": "Without -f both families are listed", "cites": ["CTTOOL-15"], "sheet": r"""
        -f ipv4                   | ipv4
        -f ipv6                   | tcp6 udp6 ping6
        -f ipv4 -p tcp            | syn open closing reset both
        -f ipv6 -p tcp            | tcp6
        -f ipv6 -p icmp           | nothing
        -f ipv6 -s 10.0.1.10      | ! mismatched address family
        -f ipv4 -s 2001:db8:1::10 | ! mismatched address family
        -f ipx                    | ! `ipx' unsupported protocol
        -f ipv46                  | ipv4
        -p icmpv6                 | ping6
        -p icmp                   | ping pong
    """},
    "protocol": {"requirement": "A protocol is named or numbered", "cites": ["CTTOOL-07"], "sheet": r"""
        -p tcp     | syn open closing reset both tcp6
        -p TCP     | syn open closing reset both tcp6
        -p Tcp     | syn open closing reset both tcp6
        -p 6       | syn open closing reset both tcp6
        -p 0x11    | all-udp
        -p 021     | all-udp
        -p udp     | all-udp
        -p icmp    | ping pong
        -p 58      | ping6
        -p udplite | lite
        -p 136     | lite
        -p sctp    | sctp
        -p gre     | gre
        -p GRE     | gre
        -p dccp    | dccp
        -p 33      | dccp
        -p ospf    | ospf
        -p OSPF    | ! `OSPF' unsupported protocol
        -p 89      | ospf
        -p 253     | nothing
        -p esp     | nothing
        -p nosuch  | ! `nosuch' unsupported protocol
        -p 256     | ! `256' unsupported protocol
        -p -1      | ! `-1' unsupported protocol
        -p 6x      | ! `6x' unsupported protocol
        -p ''      | ! `' unsupported protocol
    """},
    "state": {"requirement": "States of TCP and SCTP", "cites": ["CTTOOL-08"], "sheet": r"""
        -p tcp --state ESTABLISHED -s 10.0.1.10 | open
        -p tcp --state ESTABLISHED              | open
        -p tcp --state SYN_SENT                 | syn both tcp6
        -p tcp --state FIN_WAIT                 | closing
        -p tcp --state CLOSE                    | reset
        -p tcp --state LISTEN                   | nothing
        -p tcp --state NONE                     | nothing
        -p tcp --state established              | ! unknown TCP state `established'
        -p tcp --state NEW                      | ! unknown TCP state `NEW'
        -p tcp --state                          | ! option `--state' requires an argument
        -p sctp --state CLOSED                  | sctp
        -p sctp --state ESTABLISHED             | nothing
        -p udp --state ESTABLISHED              | ! unknown option `--state'
        --state ESTABLISHED -p tcp              | ! unknown option `--state'
        -p tcp --stat SYN_SENT                  | ! unknown option `--stat'
        -p tcp --state SYN_SENT --state CLOSE   | reset
    """},
    "addresses": {"requirement": "Addresses of both directions", "cites": ["CTTOOL-09"], "sheet": r"""
        -s 10.0.1.10                               | ipv4
        -s 10.0.1.11                               | nothing
        -d 10.0.2.77                               | ping
        -d 10.0.2.99                               | dnat
        -r 10.0.2.77                               | ping
        -r 10.0.2.99                               | nothing
        -r 10.0.2.10 -d 10.0.2.99                  | dnat
        -q 10.0.2.7                                | snat
        -q 10.0.2.8                                | both
        -q 10.0.1.10 -p icmp                       | ping pong
        -s 10.0.1.10 -d 10.0.2.77                  | ping
        -s 10.0.2.10                               | nothing
        -s 2001:db8:1::10                          | tcp6 udp6 ping6
        -s 2001:DB8:1:0:0:0:0:10                   | tcp6 udp6 ping6
        -s 2001:db8:1::10 -d 2001:db8:2::10 -p udp | udp6
        -s 10.0.1.10 -d 2001:db8:2::10             | ! mismatched address family
        --src 10.0.1.10 --dst 10.0.2.77            | ping
        --orig-src 10.0.1.10 --orig-dst 10.0.2.77  | ping
        --reply-src 10.0.2.77                      | ping
        --reply-dst 10.0.2.7                       | snat
        -s 10.0.1                                  | nothing
        -s 167772426 -p icmp                       | ping pong
        -s 0x0a00010a -p icmp                      | ping pong
        -s client                                  | ! Invalid IP address `client'
        -s 10.0.1.256                              | ! Invalid IP address `10.0.1.256'
        -s ''                                      | ! Invalid IP address `'
    """},
    "masks": {"requirement": "Networks", "cites": ["CTTOOL-09"], "sheet": r"""
        -s 10.0.1.0/24 -p icmp                          | ping pong
        -s 10.0.1.10/32 -p icmp                         | ping pong
        -s 10.0.0.0/8 -p icmp                           | ping pong
        -s 10.0.1.8/29 -p icmp                          | ping pong
        -s 10.0.1.16/28 -p icmp                         | nothing
        -s 10.0.1.77/24 -p icmp                         | ping pong
        -s 0.0.0.0/0 -p icmp                            | ping pong
        -d 10.0.2.64/26                                 | dnat ping
        -d 10.0.2.0/24 -p icmp                          | ping pong
        -s 2001:db8::/32                                | tcp6 udp6 ping6
        -s 2001:db8:1::/48 -p tcp                       | tcp6
        -d 2001:db8:2::/127                             | nothing
        -s 2001:db8:1::10/128                           | tcp6 udp6 ping6
        -s 10.0.1.0 --mask-src 255.255.255.0 -p icmp    | ping pong
        --mask-src 255.255.255.0 -s 10.0.1.0 -p icmp    | ping pong
        -d 10.0.2.65 --mask-dst 255.255.255.192         | dnat ping
        -d 10.0.2.65 --mask-dst 255.255.255.240         | ping
        -s 10.0.1.10 --mask-src 255.255.255.255 -p icmp | ping pong
        --mask-src 255.255.255.0                        | ! Can't use --mask-src without --src
        --mask-dst 255.255.255.0                        | ! Can't use --mask-dst without --dst
        -s 10.0.1.0/33                                  | ! Invalid netmask
        -s 10.0.1.0/-1                                  | ! Invalid netmask
        -s 10.0.1.0/                                    | ipv4
        -s 10.0.1.0/x                                   | ! Invalid netmask
        -s 10.0.1.0/255.255.255.0                       | ! Invalid netmask
        -s 2001:db8::/129                               | ! Invalid netmask
        -r 10.0.2.0/24                                  | ! CIDR notation unavailable for `--reply-src'
        -q 10.0.1.0/24                                  | ! CIDR notation unavailable for `--reply-dst'
        --mask-src 10.0.0.0/8 -s 10.0.0.0               | ! CIDR notation unavailable for `--mask-src'
    """},
    "ports": {"requirement": "Ports need the protocol before them", "cites": ["CTTOOL-10"], "sheet": r"""
        -p tcp --sport 1001                                | syn
        -p tcp --dport 9001                                | syn
        -p tcp --sport 1001 --dport 9001                   | syn
        -p tcp --sport 1001 --dport 9002                   | nothing
        -p tcp --orig-port-src 1001                        | syn
        -p tcp --orig-port-dst 9001                        | syn
        -p tcp --reply-port-src 9513                       | both
        -p tcp --reply-port-dst 5555                       | both
        -p tcp --reply-port-src 9001 --reply-port-dst 1001 | syn
        -p udp --sport 1101                                | query
        -p udp --sport 1001                                | nothing
        -p udp --dport 9301                                | udp6
        -p sctp --sport 1701                               | sctp
        -p sctp --dport 9701 --reply-port-dst 1701         | sctp
        -p sctp --orig-vtag 0                              | ! Illegal option `--orig-vtag' with this command
        -p sctp --orig-vtag 4660                           | ! Illegal option `--orig-vtag' with this command
        -p sctp --reply-vtag 0                             | ! Illegal option `--reply-vtag' with this command
        -p sctp --reply-vtag 4660                          | ! Illegal option `--reply-vtag' with this command
        -p udplite --sport 1702                            | lite
        -p udplite --sport 1703                            | nothing
        -p dccp --sport 0                                  | nothing
        -p dccp --sport 1                                  | nothing
        -p gre --srckey 0                                  | gre
        -p gre --srckey 5                                  | gre
        -p gre --dstkey 0 --srckey 0                       | gre
        -p icmp --sport 5                                  | ! unknown option `--sport'
        -p 89 --sport 5                                    | ! unknown option `--sport'
        -s 10.0.1.10 --sport 1001 -p tcp                   | ! unknown option `--sport'
        --sport 1001                                       | ! unknown option `--sport'
        -p tcp --sport=1001                                | syn
        -p tcp --sport                                     | ! option `--sport' requires an argument
        -p tcp --sport http                                | nothing
        -p tcp --sport 66537                               | syn
        -p tcp --sport 1001:1003                           | syn
        -p tcp --sp 1001                                   | syn
        -p tcp --srckey 5                                  | ! unknown option `--srckey'
        -p tcp --mask-port-src 5                           | ! Illegal option `--mask-port-src' with this command
        -p tcp --tuple-port-src 5                          | ! Illegal option `--tuple-port-src' with this command
    """},
    "icmp": {"requirement": "Type, code and id", "cites": ["CTTOOL-11"], "sheet": r"""
        -p icmp --icmp-type 8                              | ping pong
        -p icmp --icmp-type 0                              | nothing
        -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 1201 | ping
        -p icmp --icmp-code 0                              | ping pong
        -p icmp --icmp-code 1                              | nothing
        -p icmp --icmp-id 1202                             | pong
        -p icmp --icmp-id 7                                | nothing
        -p icmp --icmp-type echo-request                   | nothing
        -p icmp --icmp-type 264                            | ping pong
        -p icmpv6 --icmpv6-type 128                        | ping6
        -p icmpv6 --icmpv6-type 129                        | nothing
        -p icmpv6 --icmpv6-id 1303                         | ping6
        -p icmpv6 --icmpv6-code 0 --icmpv6-id 1            | nothing
        -p icmpv6 --icmp-type 8                            | ! unknown option `--icmp-type'
        -p icmp --icmpv6-type 128                          | ! unknown option `--icmpv6-type'
        -p icmp --icmp-id                                  | ! option `--icmp-id' requires an argument
    """},
    "nat": {"requirement": "Translated connections", "cites": ["CTTOOL-12"], "sheet": r"""
        -n                       | both snat ping pong ?ping6
        -g                       | both dnat ping pong ?ping6
        -j                       | both snat dnat ping pong ?ping6
        -n 10.0.2.7              | snat
        -n 10.0.2.8              | both
        -n 10.0.2.8:5555         | both
        -n 10.0.2.8:5556         | nothing
        -n 10.0.2.9              | nothing
        -g 10.0.2.10             | dnat
        -g 10.0.2.10:9513        | nothing
        -g 10.0.2.10:9502        | nothing
        -g 10.0.2.99             | nothing
        -j 10.0.2.10             | dnat
        -j 10.0.2.7              | snat
        -n -g                    | both ping pong ?ping6
        -n 10.0.2.8 -g 10.0.2.10 | nothing
        -n 10.0.2.7 -g 10.0.2.10 | nothing
        -n -p udp                | snat
        -g -p udp                | dnat
        -g -p tcp                | both
        -j -p icmp               | ping pong
        --src-nat                | both snat ping pong ?ping6
        --dst-nat                | both dnat ping pong ?ping6
        --any-nat                | both snat dnat ping pong ?ping6
        --src-nat 10.0.2.7       | snat
        --src-nat=10.0.2.9       | both snat ping pong ?ping6
        -n10.0.2.9               | both snat ping pong ?ping6
        -n 10.0.2.0/24           | ! CIDR notation unavailable for `--src-nat'
        -j -n                    | ! cannot specify `--src-nat' or `--dst-nat' with `--any-nat'
        -g -j                    | ! cannot specify `--src-nat' or `--dst-nat' with `--any-nat'
        -n 10.0.2.8:             | ! No port specified after `:'
        -n 10.0.2.8:http         | ! Invalid port `http'
        -n 10.0.2.8:70000        | ! Invalid port `70000'
        -n [::1]:5               | nothing
        -n x                     | ! Invalid IP address `x'
    """},
    "status": {"requirement": "Bits of status", "cites": ["CTTOOL-13"], "sheet": r"""
        -u ASSURED                      | open closing reset
        -u SEEN_REPLY                   | open closing reset answered snat pong ping6
        -u UNREPLIED -p icmp            | ping
        -u UNREPLIED -p tcp             | syn both tcp6
        -u ASSURED,SEEN_REPLY           | open closing reset
        -u SEEN_REPLY -p udp            | answered snat
        -u assured                      | open closing reset
        -u seen                         | open closing reset answered snat pong ping6
        -u A                            | open closing reset
        -u FIXED_TIMEOUT                | nothing
        -u EXPECTED                     | nothing
        -u OFFLOAD                      | nothing
        -u HW_OFFLOAD                   | nothing
        -u UNSET                        | ! Operation failed: invalid parameters
        -u !ASSURED -p tcp              | syn both tcp6
        -u !SEEN_REPLY -p tcp           | syn both tcp6
        -u SEEN_REPLY,!ASSURED          | nothing
        -u ASSURED,UNREPLIED            | nothing
        -u SRC_NAT -p icmp              | ! WARNING: ignoring SRC_NAT, use --src-nat instead / Operation failed: invalid parameters
        -u NOSUCH                       | ! Bad parameter `NOSUCH'
        -u ASSURED,NOSUCH               | ! Bad parameter `NOSUCH'
        -u ''                           | ! Bad parameter `'
        -u ASSURED -u SEEN_REPLY        | nothing
        -p tcp -u ASSURED --state CLOSE | reset
    """},
    "mark": {"requirement": "Marks and zones", "cites": ["CTTOOL-14"], "sheet": r"""
        -m 9                         | mark9
        -m 0x9                       | mark9
        -m 011                       | mark9
        -m 261                       | mark105
        -m 0x105                     | mark105
        -m 5/0xff                    | mark105
        -m 0x100/0xf00               | mark105
        -m 1/1                       | mark9 mark105
        -m 0 -p icmp                 | ping pong
        -m 0/0xf -p icmp             | ping pong
        -m 5/0                       | nothing
        -m 10                        | nothing
        -m x -p icmp                 | ping pong
        -m 9/                        | nothing
        -m                           | ! option `-m' requires an argument
        -w 7                         | zone
        -w 0 -p icmp                 | ping pong
        -w 0x7                       | zone
        -w 8                         | nothing
        -w 9                         | nothing
        --zone 7                     | zone
        --orig-zone 8                | zone-orig
        --reply-zone 9               | zone-reply
        --orig-zone 9                | nothing
        --orig-zone 0 -p icmp        | ping pong
        --reply-zone 0 -p icmp       | ping pong
        --orig-zone 8 --reply-zone 0 | zone-orig
        -w 65543                     | zone
        -w x -p icmp                 | ping pong
        -c 0 -p icmp                 | ping pong
        -c 5 -p icmp                 | ping pong
        -i 5                         | ! Illegal option `--id' with this command
        -l foo                       | ! nfct_labelmap_new: No such file or directory / unknown label 'foo'
    """},
    "words": {"requirement": "How words are read", "cites": ["CTTOOL-28"], "sheet": r"""
        conntrack                         | everything
        conn -p icmp                      | ping pong
        c -p icmp                         | ping pong
        -p icmp conntrack                 | ping pong
        -p icmp some more words           | ping pong
        -p icmp -- -s 1.1.1.1             | ping pong
        -picmp                            | ping pong ?ping6
        --proto icmp                      | ping pong ?ping6
        --protonum=icmp                   | ping pong ?ping6
        --prot=icmp                       | ping pong ?ping6
        -zx                               | ! unknown option `-zx'
        --s 10.0.1.10 -p icmp             | ! unknown option `--s'
        --o id                            | ! unknown option `--o'
        --reply 1                         | ! unknown option `--reply'
        -p icmp -p tcp                    | syn open closing reset both tcp6
        -s 10.0.1.11 -s 10.0.1.10 -p icmp | ping pong
        -b 5                              | ! Illegal option `--buffer-size' with this command
        -e NEW                            | ! Illegal option `--event-mask' with this command
        -t 3                              | ! Illegal option `--timeout' with this command
        -a 1.1.1.1 -p icmp                | ping pong ! WARNING: ignoring -a, deprecated option.
        --label-add foo                   | ! nfct_labelmap_new: No such file or directory / unknown label 'foo'
        --tuple-src 1.1.1.1               | ! Illegal option `--tuple-src' with this command
    """},
}


@case("conntrack-tool.filter", topology="two-lans", needs=NEEDS, rows=SHEETS)
def test_filters(client, server, firewall, sheet):
    """A listing shows the connections that fit every filter, and says how many; a filter that makes no sense shows none."""
    everything(client, server, firewall)
    rows = [row.rsplit(" | ", 1) for row in sheet.strip().splitlines()]
    outputs = ask(firewall, [f"conntrack -L {options}" for options, _ in rows])
    wrong = []
    for (options, wanted), output in zip(rows, outputs, strict=True):
        names, complaints = said(output)
        shown = ([name for name in names if f"?{name}" not in wanted.split()], complaints)
        if shown != meant(wanted):
            wrong.append(f"-L {' '.join(shlex.split(options))}: {shown}, not {meant(wanted)}")
    if wrong:
        raise Failed(("should list", "what the sheet says"), ("but", "\n".join(wrong)))


def meant(cell):
    """(names, complaints) of a cell."""
    names, _, complaint = cell.partition("!")
    sure = [name for name in names.split() if not name.startswith("?")]
    words = [word for name in sure for word in GROUPS.get(name, (name,))]
    return words, complaint.strip()


def said(output):
    """(names, complaints) of what the tool has printed; exit codes and the number of entries are checked on the way."""
    names = named(output.lines)
    complaints = [line.removeprefix(TOOL) for line in output.err.splitlines() if line != TRY]
    if output.exit == 0:
        if complaints[-1:] != [f"{len(names)} flow entries have been shown."]:
            return names, f"exit 0, but: {output.err}"
        complaints.pop()
    elif output.exit != (1 if complaints[-1].startswith("Operation failed") else 2) or names:
        return names, f"exit {output.exit}: {output.err}"
    return names, " / ".join(complaints)
