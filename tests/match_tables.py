"""What stateless matches say of single packets: one rule a line, and behind it the packets of `match_packets.py`.

    RULE | NAME+ NAME- NAME!        + the rule matches, - it does not, ! the packet is dropped on the spot

The tables are about packets that come in on an Ethernet interface, in raw PREROUTING. `test_match_packets.py` runs
them through the core, `test_match_kernel.py` through the kernel's own tables, where that can be done.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.hooks import IPV4, IPV6

IPV4_TABLE = """
# tcp
-p tcp -m tcp --dport 22                | syn+ syn80- synack- ack+ udp22-
-p tcp -m tcp --sport 22                | synack+ syn-
-p tcp -m tcp --dport 80:                | syn80+ syn- syn-high+ syn-low-
-p tcp -m tcp --dport :80                | syn80+ syn+ syn-high- syn-low+
-p tcp -m tcp ! --dport 22               | syn- syn80+ udp-
-p tcp -m tcp ! --dport 20:30            | syn- syn80+ synack+
-p tcp -m tcp --sport 1000 --dport 22    | syn+ syn80- synack-
-p tcp -m tcp --syn                      | syn+ syn-ece+ syn-psh+ synack- ack- fin- rst- null- xmas-
-p tcp -m tcp ! --syn                    | syn- syn-ece- synack+ ack+ fin+ rst+ null+ xmas+
-p tcp -m tcp --tcp-flags ALL NONE       | null+ syn- xmas-
-p tcp -m tcp --tcp-flags ALL FIN,PSH,URG | xmas+ fin- null-
-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK | synack+ syn- ack-
-p tcp -m tcp ! --tcp-flags SYN SYN      | syn- ack+
-p tcp -m tcp --tcp-option 2             | mss+ mss-behind+ syn- window-scale- mss-broken+
-p tcp -m tcp ! --tcp-option 2           | mss- syn+ window-scale+
-p tcp -m tcp --tcp-option 3             | window-scale+ mss-
-p tcp -m tcp --tcp-option 2 --dport 22  | option-without-length+
-p tcp -m tcp                            | syn+ tcp-cut! tcp-4-bytes! tcp-first-fragment+ tcp-at-8! tcp-at-16- udp-
-p tcp -m tcp --dport 22                 | tcp-cut! tcp-4-bytes! tcp-at-8! tcp-at-16- tcp-with-ip-options+
-p tcp -m tcp --dport 22                 | tcp-small-offset+ tcp-big-offset+
-p tcp -m tcp --tcp-option 2             | tcp-small-offset! tcp-big-offset!
-p tcp                                   | tcp-cut+ tcp-4-bytes+ tcp-at-16+ tcp-at-8+ ospf-
! -p tcp                                 | udp+ ospf+ tcp-cut-
# udp
-p udp -m udp --dport 53                 | udp+ udp22- syn- udp-cut! udp-at-8- udplite-
-p udp -m udp --sport 22                 | udp22+ udp-
-p udp -m udp ! --dport 53               | udp- udp22+ udp-at-8-
-p udp -m udp --dport 0                  | udp-low+ udp-
-p udp -m udp --dport 65535:             | udp-high+ udp-
-p udp -m udp --dport 60:50              | udp-
-p udp -m udp ! --dport 60:50            | udp+
# icmp
-p icmp -m icmp --icmp-type 8            | ping+ ping-code-1+ pong- icmp-cut! icmp-at-8-
-p icmp -m icmp --icmp-type 8/0          | ping+ ping-code-1-
-p icmp -m icmp ! --icmp-type 8          | ping- pong+ type-255+ icmp-at-8-
-p icmp -m icmp --icmp-type 3            | port-unreachable+ host-unreachable+ ping-
-p icmp -m icmp --icmp-type host-unreachable | host-unreachable+ port-unreachable-
-p icmp -m icmp --icmp-type any          | ping+ type-255+ port-unreachable+ icmp-cut! icmp-at-8-
-p icmp -m icmp ! --icmp-type any        | ping- type-255-
# multiport
-p tcp -m multiport --dports 22,80       | syn+ syn80+ synack- tcp-at-8- tcp-4-bytes+
-p tcp -m multiport --dports 20:30       | syn+ syn80-
-p tcp -m multiport --sports 22,80       | synack+ syn-
-p tcp -m multiport --ports 22           | syn+ synack+ syn80-
-p tcp -m multiport --ports 1000:1001    | syn+ synack+ syn80+ syn-high-
-p tcp -m multiport ! --dports 22,23     | syn- syn80+ tcp-at-8-
-p tcp -m multiport ! --ports 22         | syn- synack- syn80+
-p udplite -m multiport --dports 53      | udplite+ udp-
-p udp -m multiport --dports 53          | udp+ udp-at-8-
# iprange
-m iprange --src-range 10.0.0.2-10.0.0.8 | udp+ from-9- from-server-
-m iprange ! --src-range 10.0.0.2-10.0.0.8 | udp- from-9+
-m iprange --src-range 10.0.0.9          | from-9+ udp-
-m iprange --dst-range 10.0.0.0-10.0.0.254 | udp+ broadcast- unicast-far-
-m iprange --src-range 10.0.0.9-10.0.0.1 | udp- from-9-
# mark, mac, comment, policy, devgroup
-m mark --mark 0                         | udp+
-m mark ! --mark 0                       | udp-
-m mark --mark 1/2                       | udp-
-m mac --mac-source 02:00:00:00:00:0a    | udp+
-m mac ! --mac-source 02:00:00:00:00:0a  | udp-
-m comment --comment "any"               | udp+ tcp-cut+
-m policy --dir in --pol none            | udp+
-m policy --dir in --pol ipsec           | udp-
-m devgroup --src-group 0                | udp+
-m devgroup ! --src-group 0x1/0x1        | udp+
# pkttype, addrtype
-m pkttype --pkt-type unicast            | udp+
-m pkttype ! --pkt-type unicast          | udp-
-m pkttype --pkt-type broadcast          | udp-
-m addrtype --dst-type LOCAL             | local+ unicast-far- broadcast- multicast-
-m addrtype --dst-type BROADCAST         | broadcast+ local-
-m addrtype --dst-type MULTICAST,BROADCAST | multicast+ broadcast+ local-
-m addrtype ! --dst-type LOCAL           | local- unicast-far+
-m addrtype --src-type UNICAST --dst-type LOCAL | local+ unicast-far- from-server-
-m addrtype --src-type LOCAL             | from-server+ local-
-m addrtype --dst-type LOCAL --limit-iface-in | local+ unicast-far-
# length, ttl, tos, dscp, ecn
-m length --length 28                    | udp+ big- syn-
-m length --length 29:                   | big+ syn+ udp-
-m length --length :28                   | udp+ big-
-m length ! --length 28                  | udp- big+
-m length --length 30:20                 | udp- big-
-m ttl --ttl-eq 64                       | udp+ ttl-1-
-m ttl ! --ttl-eq 64                     | udp- ttl-1+
-m ttl --ttl-lt 64                       | udp- ttl-1+ ttl-255-
-m ttl --ttl-gt 64                       | udp- ttl-1- ttl-255+
-m tos --tos 0x10                        | tos-10+ tos-11- udp-
-m tos --tos 0x10/0x3f                   | tos-10+ tos-11-
-m tos --tos 0x10/0x10                   | tos-10+ tos-11+ udp-
-m tos --tos Minimize-Delay              | tos-10+ tos-11-
-m tos ! --tos 0x10                      | tos-10- tos-11+
-m dscp --dscp 4                         | tos-10+ tos-11+ udp-
-m dscp --dscp-class EF                  | ef+ udp-
-m dscp ! --dscp-class EF                | ef- udp+
-m ecn --ecn-ip-ect 3                    | ce+ udp- ef-
-m ecn ! --ecn-ip-ect 3                  | ce- udp+
-p tcp -m ecn --ecn-tcp-cwr              | tcp-cwr+ ack- syn-ece+
-p tcp -m ecn ! --ecn-tcp-ece            | tcp-cwr+ syn-ece-
-p tcp -m ecn --ecn-tcp-cwr --ecn-ip-ect 2 | tcp-cwr+ syn-ece-
# esp, ah, ipcomp
-p esp -m esp --espspi 5                 | esp-5+ esp-cut! udp-
-p esp -m esp --espspi 6:                | esp-5-
-p esp -m esp ! --espspi 6:              | esp-5+
-p ah -m ah --ahspi 5                    | ah-5+ ah-cut!
-p ah -m ah ! --ahspi 1:9                | ah-5-
-p ipcomp -m ipcomp --ipcompspi 18       | comp-18+ comp-0- comp-cut!
-p ipcomp -m ipcomp                      | comp-0+ comp-18-
# sctp
-p sctp -m sctp --dport 5                | sctp-data+ sctp-cut!
-p sctp -m sctp ! --sport 1              | sctp-data-
-p sctp -m sctp --chunk-types any DATA   | sctp-data+ sctp-data-sack+ sctp-init-
-p sctp -m sctp --chunk-types all DATA,SACK | sctp-data- sctp-data-sack+ sctp-init-
-p sctp -m sctp --chunk-types only DATA  | sctp-data+ sctp-data-sack- sctp-init-
-p sctp -m sctp --chunk-types only DATA,SACK | sctp-data+ sctp-data-sack+
-p sctp -m sctp ! --chunk-types any DATA | sctp-data- sctp-init+
-p sctp -m sctp --chunk-types any DATA:BE | sctp-data+ sctp-data-sack- sctp-init-
-p sctp -m sctp --chunk-types any DATA:bE | sctp-data- sctp-data-sack+
-p sctp -m sctp --chunk-types any ABORT:T | sctp-abort+ sctp-data-
-p sctp -m sctp --chunk-types any ABORT:t | sctp-abort-
-p sctp -m sctp --chunk-types any ALL    | sctp-data+ sctp-init+ sctp-empty!
-p sctp -m sctp ! --chunk-types any ALL  | sctp-data- sctp-empty!
-p sctp -m sctp --chunk-types any NONE   | sctp-data-
-p sctp -m sctp --chunk-types all NONE   | sctp-data+
# dccp
-p dccp -m dccp --dport 2                | dccp-request+ dccp-cut!
-p dccp -m dccp --dccp-types REQUEST     | dccp-request+ dccp-ack-3-
-p dccp -m dccp ! --dccp-types REQUEST   | dccp-request- dccp-ack-3+
-p dccp -m dccp --dccp-types INVALID     | dccp-odd+ dccp-request-
-p dccp -m dccp --dccp-option 3          | dccp-ack-3+ dccp-request-
-p dccp -m dccp ! --dccp-option 3        | dccp-ack-3- dccp-request+
# tcpmss
-p tcp -m tcpmss --mss 1460              | mss+ mss-behind+ syn- mss-broken- tcp-cut! tcp-big-offset!
-p tcp -m tcpmss --mss 1400:1500         | mss+
-p tcp -m tcpmss --mss :1400             | mss-
-p tcp -m tcpmss ! --mss 1460            | mss- syn+ mss-broken+
# string
-m string --algo bm --string "test"      | test+ udp-
-m string --algo kmp --string "test"     | test+ udp-
-m string --algo bm ! --string "test"    | test- udp+
-m string --algo bm --string "strings"   | test-
-m string --algo bm --string "strings" --icase | test+
-m string --algo bm --string "test" --from 30 | test+
-m string --algo bm --string "test" --from 31 | test-
-m string --algo kmp --string "test" --to 34 | test+
-m string --algo kmp --string "test" --to 33 | test-
-m string --algo bm --hex-string "|ffdf|tail" | last-word+ test-
-m string --algo bm --hex-string "|ffff|TAIL" --icase | last-word-
-m string --algo bm --hex-string "|dfdf|TAIL" --icase | last-word-
# u32
-m u32 --u32 "6&0xFF=17"                 | udp+ syn-
-m u32 --u32 "6&0xFF=6,17"               | udp+ syn+ ping-
-m u32 --u32 "6&0xFF=2:16"               | udp- syn+
-m u32 ! --u32 "6&0xFF=17"               | udp- syn+
-m u32 --u32 "0>>22&0x3C@0>>16=1000"     | udp+ syn+ syn80- tcp-with-ip-options+
-m u32 --u32 "0>>22&0x3C@0&0xFFFF=22 && 6&0xFF=6" | syn+ syn80- tcp-with-ip-options+ udp22-
-m u32 --u32 "1000=0"                    | udp-
-m u32 ! --u32 "1000=0"                  | udp+
-m u32 --u32 "12=0x0a000002"             | udp+ from-9-
-m u32 --u32 "0<<4>>28=5"                | udp+ tcp-with-ip-options-
# bpf
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" | syn+ udp-
-m bpf --bytecode "1,6 0 0 0"            | udp-
-m bpf --bytecode "6,177 0 0 0,72 0 0 2,21 0 1 22,6 0 0 1,21 0 0 0,6 0 0 0" | syn+ syn80- tcp-with-ip-options+
-m bpf --bytecode "2,32 0 0 2000,6 0 0 1" | udp- big-
-m bpf --bytecode "4,128 0 0 0,53 0 1 29,6 0 0 1,6 0 0 0" | udp- syn+ big+
"""

IPV6_TABLE = """
-p tcp -m tcp --dport 22                 | syn+ hop-and-destination+ udp-
-p udp -m udp --dport 53                 | udp+ hop-options+ routing-0+ udp-cut!
-p udp -m udp --dport 53                 | first-fragment+ last-fragment- atomic-fragment+
-p udp                                   | udp+ last-fragment+ hop-options+ authenticated+ fragment-of-options!
-p tcp                                   | udp- destination-cut! destination-too-long- fragment-of-options!
-s 2001:db8::2 -d 2001:db8::9 -p tcp     | udp- destination-cut-
-m length --length 1:                    | destination-cut+ fragment-of-options+
-p icmpv6 -m icmp6 --icmpv6-type 128     | ping+ pong-
-p icmpv6 -m icmp6 --icmpv6-type 1       | no-route+ port-unreachable+ ping-
-p icmpv6 -m icmp6 --icmpv6-type port-unreachable | port-unreachable+ no-route-
-p icmpv6 -m icmp6 ! --icmpv6-type 1/0   | no-route- port-unreachable+ ping+
-p icmpv6 -m icmp6 --icmpv6-type 255     | type-255+ ping-
-m hl --hl-eq 64                         | udp+ hops-1-
-m hl ! --hl-eq 64                       | udp- hops-1+
-m hl --hl-lt 2                          | hops-1+ udp-
-m hl --hl-gt 2                          | hops-1- udp+
-m tos --tos 0x10                        | class-10+ udp-
-m dscp --dscp 4                         | class-10+ udp-
-m ecn --ecn-ip-ect 2                    | ect+ udp-
-p tcp -m ecn --ecn-tcp-ece              | ect+ syn-
-m length --length 48                    | udp+ syn-
-m iprange --src-range 2001:db8::1-2001:db8::2 | udp+ from-eui-
-m addrtype --dst-type LOCAL             | udp+ to-group-
-m addrtype --dst-type MULTICAST         | to-group+ udp-
-m addrtype --dst-type UNICAST           | udp+ to-link+ to-group-
-m addrtype --dst-type UNICAST,LOCAL     | udp+ to-group-
-m addrtype --dst-type UNICAST,MULTICAST | udp- to-group-
-m addrtype ! --dst-type LOCAL           | udp- to-group+
-m eui64                                 | from-eui+ udp-
-m string --algo bm --string "test"      | test+ udp-
-m u32 --u32 "4&0xFF00>>8=17"            | udp+ syn-
# extension headers
-m frag                                  | first-fragment+ last-fragment+ atomic-fragment+ udp-
-m frag --fragfirst                      | first-fragment+ last-fragment- atomic-fragment+
-m frag --fragmore                       | first-fragment+ last-fragment- atomic-fragment-
-m frag --fraglast                       | first-fragment- last-fragment+ atomic-fragment+
-m frag --fragid 5                       | first-fragment+ fragment-7- udp-
-m frag ! --fragid 5                     | first-fragment- fragment-7+ udp-
-m frag --fragres                        | first-fragment+ fragment-7-
-m frag --fraglen 99                     | first-fragment+
-m hbh                                   | hop-options+ hop-and-destination+ destination- udp-
-m hbh --hbh-len 8                       | hop-options+ destination-
-m hbh ! --hbh-len 8                     | hop-options-
-m hbh --hbh-opts 5                      | hop-router-alert+ hop-options-
-m hbh --hbh-opts 5:2                    | hop-router-alert+
-m hbh --hbh-opts 5:3                    | hop-router-alert-
-m hbh --hbh-opts 5:2,1:0                | hop-router-alert+
-m hbh --hbh-opts 1:4                    | hop-options+ hop-router-alert-
-m dst                                   | destination+ hop-and-destination+ hop-options-
-m dst                                   | destination-too-long! destination-cut!
-m dst --dst-len 16                      | destination+ hop-and-destination-
-m dst --dst-opts 149:5,1                | destination+
-m dst --dst-opts 1                      | destination- hop-and-destination+
-m dst --dst-opts 149,1:5,0              | destination-
-m rt                                    | routing-0+ routing-2+ segments+ udp-
-m rt --rt-type 0                        | routing-0+ routing-2-
-m rt ! --rt-type 0                      | routing-0- routing-2+ udp-
-m rt --rt-segsleft 1                    | routing-0+
-m rt --rt-segsleft 2:5                  | routing-0-
-m rt --rt-len 40                        | routing-0+ routing-2-
-m rt --rt-type 0 --rt-0-res             | routing-0+ routing-reserved- routing-2-
-m rt --rt-type 0 --rt-0-addrs 2001:db8::a,2001:db8::b | routing-0+ routing-reserved-
-m rt --rt-type 0 --rt-0-addrs 2001:db8::b,2001:db8::a | routing-0-
-m rt --rt-type 0 --rt-0-addrs 2001:db8::b --rt-0-not-strict | routing-0+ routing-reserved-
-m rt --rt-type 0 --rt-0-addrs 2001:db8::b | routing-0-
-m ah                                    | authenticated+ udp- ah-too-long!
-m ah --ahspi 5                          | authenticated+
-m ah ! --ahspi 5                        | authenticated-
-m ah --ahspi 5 --ahlen 24               | authenticated+
-m ah --ahspi 5 ! --ahlen 24             | authenticated-
-m ah --ahres                            | authenticated+ ah-reserved-
-p esp -m esp --espspi 77                | esp+
-m ipv6header --header hop-by-hop,protocol | hop-options+ hop-and-destination- udp-
-m ipv6header --header protocol          | udp+ hop-options- nothing-
-m ipv6header --header hop-by-hop --soft | hop-options+ hop-and-destination+ udp-
-m ipv6header ! --header hop-by-hop --soft | hop-options- udp+
-m ipv6header ! --header protocol        | udp- hop-options+
-m ipv6header --header none              | nothing+ udp-
-m ipv6header --header esp               | esp+ udp-
-m ipv6header --header ah,protocol       | authenticated+
-m ipv6header --header frag --soft       | first-fragment+ last-fragment+ udp-
-m ipv6header --header route,protocol    | routing-0+
-p ipv6-mh -m mh --mh-type bu            | binding-update+ home-test- binding-update-before-tcp! mobility-cut!
-p ipv6-mh -m mh --mh-type 1:3           | binding-update- home-test+
-p ipv6-mh -m mh ! --mh-type 1:3         | binding-update+ home-test-
-m srh                                   | segments+ routing-0- segments-broken- udp-
-m srh --srh-next-hdr 17                 | segments+
-m srh --srh-segs-left-eq 1 --srh-last-entry-eq 1 | segments+
-m srh --srh-segs-left-gt 1              | segments-
-m srh ! --srh-segs-left-gt 1            | segments+
-m srh --srh-hdr-len-lt 5                | segments+
-m srh --srh-tag 3                       | segments+
-m srh --srh-tag 768                     | segments-
-m srh --srh-lsid 2001:db8::a            | segments+
-m srh --srh-nsid 2001:db8::a            | segments+
-m srh --srh-psid 2001:db8::a            | segments-
"""


@dataclass(frozen=True)
class Saying:
    """One rule, and what it says of some packets: "+", "-" or "!" by name."""

    family: int
    line: int
    rule: str
    packets: tuple[tuple[str, str], ...]


def sayings(family: int) -> list[Saying]:
    found = []
    for number, text in enumerate((IPV4_TABLE if family == IPV4 else IPV6_TABLE).split("\n")):
        if not text.strip() or text.startswith("#"):
            continue
        rule, _, packets = text.rpartition(" | ")
        marked = tuple((word[:-1], word[-1]) for word in packets.split())
        found.append(Saying(family, number, rule.strip(), marked))
    return found


ALL = [*sayings(IPV4), *sayings(IPV6)]
