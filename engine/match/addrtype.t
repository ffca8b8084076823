# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m addrtype --src-type LOCAL                  | =
-m addrtype --src-type LOCAL --limit-iface-in | =
@ipv4
-m addrtype                                                              | refused: addrtype: you must specify --src-type or --dst-type
-m addrtype --dst-type LOCAL                                             | =
-m addrtype --dst-type local                                             | -m addrtype --dst-type LOCAL
-m addrtype --dst-type BROADCAST,MULTICAST                               | =
-m addrtype --dst-type MULTICAST,BROADCAST                               | -m addrtype --dst-type BROADCAST,MULTICAST
-m addrtype --src-type UNSPEC,UNICAST,LOCAL,BROADCAST,ANYCAST,MULTICAST,BLACKHOLE,UNREACHABLE,PROHIBIT,THROW,NAT,XRESOLVE | =
-m addrtype ! --src-type LOCAL                                           | =
-m addrtype ! --src-type LOCAL,UNICAST ! --dst-type MULTICAST            | -m addrtype ! --src-type UNICAST,LOCAL ! --dst-type MULTICAST
-m addrtype --src-type LOCAL --dst-type UNICAST                          | =
-m addrtype --dst-type UNICAST --src-type LOCAL                          | -m addrtype --src-type LOCAL --dst-type UNICAST
-m addrtype --src-type wrong                                             | refused: addrtype: bad type "wrong"
-m addrtype --src-type ''                                                | refused: addrtype: bad type ""
-m addrtype --src-type LOCAL,                                            | refused: addrtype: bad type ""
-m addrtype --src-type ,LOCAL                                            | refused: addrtype: bad type `,LOCAL'
-m addrtype --src-type UNI                                               | -m addrtype --src-type UNICAST
-m addrtype --src-type UN                                                | -m addrtype --src-type UNSPEC
-m addrtype --src-type LOCAL --src-type LOCAL                            | refused: addrtype: option "--src-type" can only be used once.
-m addrtype --limit-iface-in                                             | refused: addrtype: you must specify --src-type or --dst-type
-m addrtype --limit-iface-out                                            | refused: addrtype: you must specify --src-type or --dst-type
-m addrtype --src-type LOCAL --limit-iface-out                           | refused: Invalid argument
-m addrtype --dst-type LOCAL --limit-iface-in --limit-iface-out          | refused: addrtype: option "--limit-iface-in" cannot be used together with "--limit-iface-out".
-m addrtype ! --limit-iface-in --src-type LOCAL                          | refused: addrtype: option "--limit-iface-in" cannot be inverted.
-m addrtype --limit-iface-in --dst-type LOCAL                            | -m addrtype --dst-type LOCAL --limit-iface-in
@ipv6
-m addrtype --dst-type UNICAST,LOCAL | =
-m addrtype --dst-type BROADCAST     | refused: Invalid argument
-m addrtype --dst-type MULTICAST     | =
-m addrtype --dst-type BLACKHOLE     | refused: Invalid argument
-m addrtype --dst-type PROHIBIT      | refused: Invalid argument
-m addrtype --dst-type UNREACHABLE   | =
-m addrtype --dst-type ANYCAST       | =
-m addrtype --dst-type UNSPEC        | =
-m addrtype --src-type UNSPEC        | =
-m addrtype --src-type THROW         | refused: Invalid argument
-m addrtype --src-type NAT           | refused: Invalid argument
-m addrtype --src-type XRESOLVE      | refused: Invalid argument
-m addrtype --src-type BROADCAST     | refused: Invalid argument

:filter:FORWARD
@ipv4
-m addrtype --dst-type LOCAL --limit-iface-in                   | =
-m addrtype --dst-type LOCAL --limit-iface-out                  | =
-m addrtype --src-type LOCAL --limit-iface-in --limit-iface-out | refused: addrtype: option "--limit-iface-in" cannot be used together with "--limit-iface-out".

:filter:OUTPUT
@ipv4
-m addrtype --dst-type LOCAL --limit-iface-in  | refused: Invalid argument
-m addrtype --dst-type LOCAL --limit-iface-out | =

:mangle:PREROUTING
@ipv4
-m addrtype --dst-type LOCAL --limit-iface-in  | =
-m addrtype --dst-type LOCAL --limit-iface-out | refused: Invalid argument

:mangle:POSTROUTING
@ipv4
-m addrtype --dst-type LOCAL --limit-iface-in  | refused: Invalid argument
-m addrtype --dst-type LOCAL --limit-iface-out | =

:nat:PREROUTING
@ipv4
-m addrtype --dst-type LOCAL | =
