# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:nat:POSTROUTING
@both
-j MASQUERADE                                               | =
-j MASQUERADE --random                                      | =
-j MASQUERADE --random-fully                                | =
-j MASQUERADE --random --random-fully                       | =
-j MASQUERADE --random-fully --random                       | -j MASQUERADE --random --random-fully
-j MASQUERADE --to-ports 1024                               | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p tcp -j MASQUERADE --to-ports 1024                        | =
-p udp -j MASQUERADE --to-ports 1024-65535                  | =
-p udp -j MASQUERADE --to-ports 1024-65536                  | refused: Port `65536' not valid
-p udp -j MASQUERADE --to-ports 1024-1024                   | -p udp -j MASQUERADE --to-ports 1024
-p udp -j MASQUERADE --to-ports 65536                       | refused: Port `65536' not valid
-p udp -j MASQUERADE --to-ports -1                          | refused: Port `-1' not valid
-p udp -j MASQUERADE --to-ports 1024-1023                   | refused: Port range `1023' funky
-p udp -j MASQUERADE --to-ports 0                           | =
-p udp -j MASQUERADE --to-ports http                        | -p udp -j MASQUERADE --to-ports 80
-p udp -j MASQUERADE --to-ports http-8080                   | refused: Port `http-8080' not valid
-p udp -j MASQUERADE --to-ports ''                          | refused: Port `' not valid
-p udp -j MASQUERADE --to-ports 1-2/1                       | -p udp -j MASQUERADE --to-ports 1-2/0
-p udp -j MASQUERADE --to-ports 1-2 --random                | =
-p udp -j MASQUERADE --to-ports 1-2 --random --random-fully | =
-p udp -j MASQUERADE --to-ports 1-2 --to-ports 3            | refused: MASQUERADE: option "--to-ports" can only be used once.
-p icmp -j MASQUERADE --to-ports 1-2                        | =
-j MASQUERADE --persistent                                  | refused: unknown option "--persistent"
-o lo -j MASQUERADE                                         | =
-j MASQUERADE --to 1                                        | refused: Need TCP, UDP, SCTP or DCCP with port specification
@ipv4
-p tcp -j MASQUERADE --to-ports 5-6/7 | -p tcp -j MASQUERADE --to-ports 5-6/0
-p tcp -j MASQUERADE --to-ports 5-6/  | refused: Port `' not valid
-j MASQUERADE --to-ports 80 -p tcp    | refused: Need TCP, UDP, SCTP or DCCP with port specification
@ipv6
-p icmpv6 -j MASQUERADE --to-ports 80 | refused: Need TCP, UDP, SCTP or DCCP with port specification

:nat:PREROUTING
@both
-j MASQUERADE | refused: Invalid argument

:nat:INPUT
@both
-j MASQUERADE | refused: Invalid argument

:nat:OUTPUT
@both
-j MASQUERADE | refused: Invalid argument

:filter:OUTPUT
@both
-j MASQUERADE | refused: Invalid argument
