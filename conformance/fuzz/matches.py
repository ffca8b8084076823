"""Every match whose answer two machines can share, as rows (see rows.py).

Left out: what depends on the machine (cpu, time of day, MAC addresses), on chance (random statistic) or on the moment
(connlimit counts a connection twice that comes to it twice within one tick of 4 ms: it looks for old ones only once a
tick), and what the engine refuses to carry out. Limits are so slow that no token returns while a case runs.
"""

from __future__ import annotations

from conformance.fuzz.rows import Row

INCOMING = ("PREROUTING", "INPUT", "FORWARD")
LEAVING = ("FORWARD", "OUTPUT", "POSTROUTING")
PORTED = ("tcp", "udp", "sctp", "dccp", "udplite")
V4, V6 = 4, 6

MATCHES: list[Row] = [
    # connection tracking
    Row("-m conntrack {!}--ctstate {NEW|ESTABLISHED|RELATED|INVALID|UNTRACKED}", weight=2),
    Row("-m conntrack --ctstate {ESTABLISHED,RELATED|NEW,INVALID|UNTRACKED,RELATED|INVALID|SNAT|DNAT|NEW,SNAT}"),
    Row("-m conntrack {!}--ctstatus {SEEN_REPLY|ASSURED|CONFIRMED|EXPECTED|SEEN_REPLY,ASSURED|NONE}"),
    Row("-m conntrack --ctdir {ORIGINAL|REPLY}"),
    Row("-m conntrack {!}--ctorigdst {net}"),
    Row("-m conntrack {!}--ctorigsrc {net} --ctdir {ORIGINAL|REPLY}"),
    Row("-m conntrack {!}--ctreplsrc {net}"),
    Row("-m conntrack {!}--ctrepldst {net}"),
    Row("-m conntrack {!}--ctproto {tcp|udp|1|58|132|47}"),
    Row("-m conntrack {!}--ctorigsrcport {ports} {!}--ctreplsrcport {ports}"),
    Row("-m conntrack {!}--ctorigdstport {ports}"),
    Row("-m conntrack {!}--ctrepldstport {ports}"),
    Row("-m conntrack --ctexpire {0:600|1000:500000}"),
    Row("-m state --state {NEW|ESTABLISHED|RELATED,ESTABLISHED|INVALID|UNTRACKED}", weight=2),
    Row("-m mark {!}--mark {mark}", weight=2),
    Row("-m connmark {!}--mark {mark}", weight=2),
    Row("-m connbytes {!}--connbytes {0:2|3|2:10} --connbytes-dir {both|original|reply} --connbytes-mode packets"),
    Row(
        "-m connbytes {!}--connbytes {0:100|100|50:200} --connbytes-dir {both|original|reply} "
        "--connbytes-mode {bytes|avgpkt}"
    ),
    Row("-m connlabel {!}--label {1|2|127}{| --set}"),
    Row("-m helper {!}--helper {ftp|tftp|sip}"),
    Row(
        "-m cluster --cluster-total-nodes {2|3} {!}--cluster-local-node {1|2} --cluster-hash-seed {number}",
        tables=("mangle", "filter", "security"),
    ),  # behind a CT rule in raw the kernel writes a warning
    # the packet
    Row("-m length {!}--length {28|40|0:60|60:100|100:}"),
    Row("-m dscp {!}--dscp {0|2|4|10}"),
    Row("-m dscp {!}--dscp-class {CS0|CS1|AF11|EF}"),
    Row("-m tos {!}--tos {0x00|0x10|0x08/0x3f}"),
    Row("-m ecn {!}--ecn-ip-ect {0|1|2|3}"),
    Row("-m ttl --ttl-{lt 64|gt 40|eq 63|lt 2}", version=V4),
    Row("-m hl --hl-{lt 64|gt 40|eq 63|lt 2}", version=V6),
    Row("-m string --algo {bm|kmp} {!}--string {reply|data|some|227|signed}"),
    Row('-m string --algo {bm|kmp} --hex-string "|0d0a|" {--from 28 --to 60|--from 40 --to 100|--from 28 --to 300}'),
    Row("-m string --algo {bm|kmp} --icase {!}--string {REPLY|Port|227} --from {20|40}"),
    Row(
        '-m u32 --u32 "{6&0xFF=17|0>>22&0x3C@0>>16=0:1024|0&0xFFFF=0:100|0>>22&0x3C@12>>26&0x3C@0=1:0xFFFF}"',
        version=V4,
    ),
    Row('-m u32 --u32 "{4>>8&0xFF=17|40>>16=0:1024|4>>16=0:100|40&0xFFFF=0:1000}"', version=V6),
    Row('-m bpf --bytecode "4,48 0 0 9,21 0 1 17,6 0 0 1,6 0 0 0"', version=V4),
    Row('-m bpf --bytecode "4,40 0 0 2,37 0 1 60,6 0 0 1,6 0 0 0"', version=V4),
    Row('-m bpf --bytecode "4,48 0 0 6,21 0 1 6,6 0 0 1,6 0 0 0"', version=V6),
    Row('-m bpf --bytecode "5,177 0 0 0,72 0 0 2,21 0 1 53,6 0 0 1,6 0 0 0"', version=V4),
    Row("-m addrtype {!}--dst-type {LOCAL|UNICAST|BROADCAST|MULTICAST}", version=V4),
    Row("-m addrtype {!}--src-type {LOCAL|UNICAST|LOCAL,UNICAST}", version=V4),
    Row("-m addrtype {!}--dst-type {LOCAL|UNICAST|MULTICAST}", version=V6),
    Row("-m addrtype {!}--src-type {LOCAL|UNICAST}", version=V6),
    Row("-m addrtype {!}--dst-type LOCAL --limit-iface-in", hooks=("PREROUTING", "INPUT")),
    Row("-m pkttype {!}--pkt-type {unicast|multicast|broadcast}"),
    Row("-m iprange {!}--{src|dst}-range {span}"),
    Row("-m policy --dir {in|in --pol none}", hooks=INCOMING),
    Row("-m policy --dir out --pol {none|ipsec}", hooks=LEAVING),
    Row("-m realm {!}--realm {0|1}", hooks=("INPUT", *LEAVING), version=V4),
    Row("-m devgroup {!}--src-group {0|1}", hooks=INCOMING),
    Row("-m devgroup {!}--dst-group {0|1}", hooks=LEAVING),
    Row("-m physdev {!}--physdev-is-{in|bridged}", hooks=("FORWARD",), weight=2),
    Row("-m physdev {!}--physdev-in {one|two|t+|lan}", hooks=INCOMING, weight=2),
    Row("-m physdev {!}--physdev-is-bridged {!}--physdev-out {one|two}", hooks=("FORWARD", "POSTROUTING"), weight=2),
    Row("-m rpfilter{| --loose| --validmark}{| --invert}", hooks=("PREROUTING",), tables=("raw", "mangle"), weight=2),
    Row("-m socket{| --nowildcard| --transparent}", hooks=("PREROUTING", "INPUT"), tables=("mangle", "filter")),
    Row("-m owner {!}--{uid|gid}-owner 0", hooks=("OUTPUT", "POSTROUTING"), weight=2),
    Row("-m owner {!}--socket-exists", hooks=("OUTPUT", "POSTROUTING"), weight=2),
    # state of rules
    Row("-m limit --limit 1/hour --limit-burst {1|2|3|6}", weight=2),
    Row("-m statistic --mode nth {!}--every {2|3|4} --packet {0|1}", weight=2),
    Row("-m quota {!}--quota {100|200|1000}"),
    Row("-m recent --name {name} {--set|--update --hitcount 2|--rcheck|--remove}{| --rdest}", weight=2),
    Row(
        "-m recent --name {name} {!}{--rcheck|--update} {--hitcount 3|--rttl|--seconds 600|--seconds 600 --hitcount 2}"
    ),
    Row(
        "-m hashlimit --hashlimit-{upto|above} 1/hour --hashlimit-burst {1|2|4} "
        "--hashlimit-mode {srcip|dstip|srcip,dstip|dstip,dstport|srcip,srcport} --hashlimit-name h{number}"
    ),
    Row(
        "-m hashlimit --hashlimit-upto 1/hour --hashlimit-mode srcip --hashlimit-srcmask {8|24|30} "
        "--hashlimit-name h{number}"
    ),
    Row('-m comment --comment {plain|"two words"}'),
    # transport
    Row("-m {proto} {!}--dport {ports}", protos=PORTED[:4], weight=8),
    Row("-m {proto} {!}--sport {ports}", protos=PORTED[:4], weight=8),
    Row("-m multiport {!}--{dports|sports|ports} {ports},{ports},{port}", protos=PORTED, weight=6),
    Row("-m tcp {!}--syn", protos=("tcp",), weight=3),
    Row(
        "-m tcp {!}--tcp-flags {SYN,ACK SYN,ACK|ALL NONE|FIN,ACK FIN,ACK|RST RST|SYN,RST,ACK,FIN SYN|PSH,ACK ACK}",
        protos=("tcp",),
        weight=3,
    ),
    Row("-m tcp {!}--tcp-option {2|3|4|8}", protos=("tcp",), weight=3),
    Row("-m tcpmss {!}--mss {1460|500:1400}", protos=("tcp",), weight=3),
    Row("-m ecn {!}--ecn-tcp-{cwr|ece}", protos=("tcp",), weight=2),
    Row("-m icmp {!}--icmp-type {8|0|3|3/3|11|any|13}", protos=("icmp",), weight=12),
    Row("-m icmp6 {!}--icmpv6-type {128|129|1|1/4|3|2}", protos=("icmpv6",), weight=12),
    Row("-m sctp {!}--chunk-types {all|any|only} {INIT|DATA|INIT,DATA|ABORT:T|SACK}", protos=("sctp",), weight=8),
    Row("-m dccp {!}--dccp-types {REQUEST|REQUEST,RESPONSE|DATA,ACK|INVALID}", protos=("dccp",), weight=8),
    Row("-m dccp {!}--dccp-option {1|2|32}", protos=("dccp",), weight=3),
    Row("-m esp {!}--espspi {1|0:255|256:}", protos=("esp",), weight=12),
    Row("-m ah {!}--ahspi {1|0:255|256:}", protos=("ah",), version=V4, weight=12),
    # IPv6 extension headers
    Row("-m ah {!}--ahspi {1|0:255} {|--ahres}", version=V6),
    Row("-m dst {!}--dst-len {8|16}", version=V6),
    Row("-m dst --dst-opts {1:4|1,5:2|201}", version=V6),
    Row("-m hbh {!}--hbh-len {8|16}", version=V6),
    Row("-m hbh --hbh-opts {5:2|1:4|5}", version=V6),
    Row("-m frag {|--fragfirst|--fragmore|--fraglast|--fragid 1:70000}", version=V6),
    Row("-m rt {!}--rt-type {0|2|4} {|--rt-segsleft 0:1}", version=V6),
    Row("-m rt --rt-type 0 --rt-0-res", version=V6),
    Row("-m ipv6header {!}--header {hop|dst|route|frag|none|prot|hop,dst|ah,prot}{| --soft}", version=V6, weight=3),
    Row("-m srh {!}--srh-segs-left-{eq|lt|gt} {0|1}", version=V6),
    Row("-m eui64", hooks=INCOMING, version=V6),
]
