# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:nat:PREROUTING
@both
-j DNAT                                                  | refused: DNAT: option "--to-destination" must be specified
-p tcp -j DNAT --to-destination 1.1.1.1:65536            | refused: Port `65536' not valid
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65536       | refused: Port `65536' not valid
-p tcp -j DNAT --to-destination 1.1.1.1:1025-1024        | refused: Port range `1024' funky
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/      | refused: Port `' not valid
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/65536 | refused: Port `65536' not valid
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/x     | refused: Port `x' not valid
-p tcp -j DNAT --to-destination 1.1.1.1:1025/30          | refused: Garbage after port value: `/30'
-p tcp -j DNAT --to-destination :80                      | =
-p tcp -j DNAT --to-destination :80-90                   | =
-p tcp -j DNAT --to-destination :80-90/80                | =
-p tcp -j DNAT --to-destination ''                       | refused: Bad IP address ""
-j DNAT --to-destination 1.1.1.1:80                      | refused: Need TCP, UDP, SCTP or DCCP with port specification
-j DNAT --to-destination :80                             | refused: Need TCP, UDP, SCTP or DCCP with port specification
@ipv4
-j DNAT --to 1.1.1.1                                             | -j DNAT --to-destination 1.1.1.1
-j DNAT --to-destination 1.1.1.1                                 | =
-j DNAT --to-destination 1.1.1.1-1.1.1.10                        | =
-j DNAT --to-destination 1.1.1.10-1.1.1.1                        | =
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535               | =
-p tcp -j DNAT --to-destination 1.1.1.1:1025                     | =
-p tcp -j DNAT --to-destination 1.1.1.1:0                        | =
-p tcp -j DNAT --to-destination 1.1.1.1:http                     | -p tcp -j DNAT --to-destination 1.1.1.1:80
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/30            | =
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/1025          | =
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/http          | -p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/80
-p tcp -j DNAT --to-destination 1.1.1.1:1000-2000/2000-3000      | -p tcp -j DNAT --to-destination 1.1.1.1:1000-2000/2000
-p tcp -j DNAT --to-destination 1.1.1.1:1000-2000/2000 --random  | =
-p tcp -j DNAT --to-destination 1.1.1.1-1.1.1.10:1025-65535      | =
-p tcp -j DNAT --to-destination 1.1.1.1-1.1.1.10:1025-65535/9    | =
-p tcp -j DNAT --to-destination 1.1.1.1 --to-destination 2.2.2.2 | refused: DNAT: option "--to-destination" can only be used once.
-p tcp -j DNAT --to-destination 1.1.1.1 --random                 | =
-p tcp -j DNAT --to-destination 1.1.1.1 --persistent             | =
-p tcp -j DNAT --to-destination 1.1.1.1 --random --persistent    | =
-p tcp -j DNAT --to-destination 1.1.1.1 --random-fully           | refused: unknown option "--random-fully"
-p icmp -j DNAT --to-destination 1.1.1.1:80                      | =
-p tcp -j DNAT --to-destination 1.1.1.1:80-90/30x                | -p tcp -j DNAT --to-destination 1.1.1.1:80-90/30
-p tcp -j DNAT --to-destination 1.1.1.1:80-90/0                  | refused: Port `0' not valid
-p tcp -j DNAT --to-destination 1.1.1.1:80-90/-1                 | refused: Port `-1' not valid
-j DNAT --to-destination 1.1.1.1:80 -p tcp                       | refused: Need TCP, UDP, SCTP or DCCP with port specification
-j DNAT -p tcp --to-destination 1.1.1.1:80                       | -p tcp -j DNAT --to-destination 1.1.1.1:80
@ipv6
-j DNAT --to 1.1.1.1                                                    | refused: Bad IP address "1.1.1.1"
-j DNAT --to-destination 1.1.1.1                                        | refused: Bad IP address "1.1.1.1"
-j DNAT --to-destination 1.1.1.1-1.1.1.10                               | refused: Bad IP address "1.1.1.1"
-j DNAT --to-destination 1.1.1.10-1.1.1.1                               | refused: Bad IP address "1.1.1.10"
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535                      | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:1025                            | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:0                               | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:http                            | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/30                   | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/1025                 | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:1025-65535/http                 | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:1000-2000/2000-3000             | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1:1000-2000/2000 --random         | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1-1.1.1.10:1025-65535             | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1-1.1.1.10:1025-65535/9           | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1 --to-destination 2.2.2.2        | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1 --random                        | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1 --persistent                    | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1 --random --persistent           | refused: Bad IP address "1.1.1.1"
-p tcp -j DNAT --to-destination 1.1.1.1 --random-fully                  | refused: Bad IP address "1.1.1.1"
-p icmp -j DNAT --to-destination 1.1.1.1:80                             | refused: Bad IP address "1.1.1.1"
-j DNAT --to-destination dead::beef                                     | =
-j DNAT --to-destination [dead::beef]:80                                | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p tcp -j DNAT --to-destination [dead::beef]:80                         | =
-p tcp -j DNAT --to-destination [dead::beef]:1025-65535/1001            | =
-p tcp -j DNAT --to-destination [dead::beef-dead::fee7]:1025-65535      | =
-p tcp -j DNAT --to-destination [dead::beef-dead::fee7]:1025-65535/1001 | =
-p tcp -j DNAT --to-destination :80                                     | =
-p tcp -j DNAT --to-destination dead::beef-dead::fee7                   | =

:nat:POSTROUTING
@ipv4
-j DNAT --to-destination 1.1.1.1 | refused: Invalid argument
@ipv6
-j DNAT --to-destination 1.1.1.1 | refused: Bad IP address "1.1.1.1"

:nat:INPUT
@ipv4
-j DNAT --to-destination 1.1.1.1 | refused: Invalid argument
@ipv6
-j DNAT --to-destination 1.1.1.1 | refused: Bad IP address "1.1.1.1"

:nat:OUTPUT
@ipv4
-j DNAT --to-destination 1.1.1.1 | =
@ipv6
-j DNAT --to-destination 1.1.1.1 | refused: Bad IP address "1.1.1.1"

:filter:INPUT
@ipv4
-j DNAT --to-destination 1.1.1.1 | refused: Invalid argument
@ipv6
-j DNAT --to-destination 1.1.1.1 | refused: Bad IP address "1.1.1.1"
