# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:nat:POSTROUTING
@both
-j SNAT                                       | refused: SNAT: option "--to-source" must be specified
-j SNAT --to-source 1.1.1.1:1025              | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p tcp -j SNAT --to-source 1.1.1.1:1025-65536 | refused: Port `65536' not valid
-p tcp -j SNAT --to-source 1.1.1.1:1025-1024  | refused: Port range `1024' funky
-p tcp -j SNAT --to-source 1.1.1.1:65536      | refused: Port `65536' not valid
-p tcp -j SNAT --to-source 1.1.1.1:           | refused: Port `' not valid
-p tcp -j SNAT --to-source 1.1.1.1:-1         | refused: Port `-1' not valid
-p tcp -j SNAT --to-source 1.1.1.1:x          | refused: Port `x' not valid
-p tcp -j SNAT --to-source 1.1.1.1:1-http     | refused: Port `http' not valid
-p tcp -j SNAT --to-source :1025              | =
-p tcp -j SNAT --to-source :1025-1030         | =
-p tcp -j SNAT --to-source ''                 | refused: Bad IP address ""
-p tcp -j SNAT --to-source 1.1.1              | refused: Bad IP address "1.1.1"
-p tcp -j SNAT --to-source x                  | refused: Bad IP address "x"
-p tcp -j SNAT --random                       | refused: SNAT: option "--to-source" must be specified
-p udplite -j SNAT --to-source 1.1.1.1:53     | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p gre -j SNAT --to-source 1.1.1.1:53         | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p tcp -j SNAT ! --to-source 1.1.1.1          | refused: SNAT: option "--to-source" cannot be inverted.
-p tcp -j SNAT --to-source 1.1.1.1/24         | refused: Bad IP address "1.1.1.1/24"
@ipv4
-j SNAT --to 1.1.1.1                                                    | -j SNAT --to-source 1.1.1.1
-j SNAT --to-source 1.1.1.1                                             | =
-j SNAT --to-source 1.1.1.1-1.1.1.10                                    | =
-j SNAT --to-source 1.1.1.10-1.1.1.1                                    | =
-j SNAT --to-source 1.1.1.1-1.1.1.1                                     | -j SNAT --to-source 1.1.1.1
-p tcp -j SNAT --to-source 1.1.1.1:1025                                 | =
-p tcp -j SNAT --to-source 1.1.1.1:1025-1025                            | -p tcp -j SNAT --to-source 1.1.1.1:1025
-p tcp -j SNAT --to-source 1.1.1.1:1025-65535                           | =
-p tcp -j SNAT --to-source 1.1.1.1:1025-65535/1                         | -p tcp -j SNAT --to-source 1.1.1.1:1025-65535/0
-p tcp -j SNAT --to-source 1.1.1.1:0                                    | =
-p tcp -j SNAT --to-source 1.1.1.1:http                                 | -p tcp -j SNAT --to-source 1.1.1.1:80
-p tcp -j SNAT --to-source 1.1.1.1-1.1.1.10:1025-65535                  | =
-p tcp -j SNAT --to-source 1.1.1.1-1.1.1.10:1025                        | =
-p tcp -j SNAT --to-source 1.1.1.1-                                     | refused: Bad IP address ""
-p tcp -j SNAT --to-source 1.1.1.1 --to-source 1.1.1.2                  | refused: SNAT: option "--to-source" can only be used once.
-p tcp -j SNAT --to-source 1.1.1.1 --random                             | =
-p tcp -j SNAT --to-source 1.1.1.1 --random-fully                       | =
-p tcp -j SNAT --to-source 1.1.1.1 --persistent                         | =
-p tcp -j SNAT --to-source 1.1.1.1 --random --persistent --random-fully | -p tcp -j SNAT --to-source 1.1.1.1 --random --random-fully --persistent
-p tcp -j SNAT --random --to-source 1.1.1.1                             | -p tcp -j SNAT --to-source 1.1.1.1 --random
-p tcp -j SNAT --to-source 1.1.1.1 --random --random                    | refused: SNAT: option "--random" can only be used once.
-p udp -j SNAT --to-source 1.1.1.1:53                                   | =
-p icmp -j SNAT --to-source 1.1.1.1:53                                  | =
-p sctp -j SNAT --to-source 1.1.1.1:53                                  | =
-p dccp -j SNAT --to-source 1.1.1.1:53                                  | =
! -p tcp -j SNAT --to-source 1.1.1.1:53                                 | =
-p tcp -j SNAT --to-source 1.1.1.1:0-53                                 | =
-p tcp -j SNAT --to-source 0.0.0.0                                      | =
-p tcp -j SNAT --to-source 224.0.0.1                                    | =
-p tcp -j SNAT --to-source 01.1.1.1                                     | refused: Bad IP address "01.1.1.1"
-p tcp -j SNAT --to-source 0x1.1.1.1                                    | refused: Bad IP address "0x1.1.1.1"
-p tcp -j SNAT --to-source " 1.1.1.1"                                   | refused: Bad IP address " 1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:0x50                                 | -p tcp -j SNAT --to-source 1.1.1.1:80
-p tcp -j SNAT --to-source "1.1.1.1: 80"                                | -p tcp -j SNAT --to-source 1.1.1.1:80
-p tcp -j SNAT --to-source "1.1.1.1:+80"                                | -p tcp -j SNAT --to-source 1.1.1.1:80
-p tcp -j SNAT --to-source 1.1.1.1:80:90                                | refused: Bad IP address "1.1.1.1:80:90"
-p tcp -j SNAT --to-source 1.1.1.1:80x                                  | refused: Garbage after port value: `x'
-p tcp -j SNAT --to-source 1.1.1.1:80-90x                               | refused: Garbage after port range: `x'
-p tcp -j SNAT --to-source 1.1.1.1:80-90/                               | refused: Port `' not valid
-p tcp -j SNAT --to-source 1.1.1.1:80-90/x                              | refused: Port `x' not valid
-p tcp -j SNAT --to-source 1.1.1.1:80-70/3                              | refused: Port range `70/3' funky
-p tcp -j SNAT --to-source 1.1.1.1:80-                                  | refused: Port `' not valid
-p tcp -j SNAT --to-source 1.1.1.1-1.1.1.2-1.1.1.3                      | refused: Bad IP address "1.1.1.2-1.1.1.3"
-p tcp -j SNAT --to-source [1.1.1.1]:80                                 | refused: Invalid address format
-p tcp -j SNAT --to-source 1.1.1.1-:80                                  | refused: Bad IP address ""
-p tcp -j SNAT --to-source :                                            | refused: Port `' not valid
-p tcp -j SNAT --to-source -1.1.1.1                                     | refused: Bad IP address ""
-p icmpv6 -j SNAT --to-source 1.1.1.1:80                                | refused: Need TCP, UDP, SCTP or DCCP with port specification
-j SNAT --to-source 1.1.1.1:80 -p tcp                                   | refused: Need TCP, UDP, SCTP or DCCP with port specification
@ipv6
-j SNAT --to 1.1.1.1                                                    | refused: Bad IP address "1.1.1.1"
-j SNAT --to-source 1.1.1.1                                             | refused: Bad IP address "1.1.1.1"
-j SNAT --to-source 1.1.1.1-1.1.1.10                                    | refused: Bad IP address "1.1.1.1"
-j SNAT --to-source 1.1.1.10-1.1.1.1                                    | refused: Bad IP address "1.1.1.10"
-j SNAT --to-source 1.1.1.1-1.1.1.1                                     | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:1025                                 | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:1025-1025                            | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:1025-65535                           | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:1025-65535/1                         | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:0                                    | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:http                                 | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1-1.1.1.10:1025-65535                  | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1-1.1.1.10:1025                        | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1-                                     | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1 --to-source 1.1.1.2                  | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1 --random                             | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1 --random-fully                       | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1 --persistent                         | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1 --random --persistent --random-fully | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --random --to-source 1.1.1.1                             | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1 --random --random                    | refused: Bad IP address "1.1.1.1"
-p udp -j SNAT --to-source 1.1.1.1:53                                   | refused: Bad IP address "1.1.1.1"
-p icmp -j SNAT --to-source 1.1.1.1:53                                  | refused: Bad IP address "1.1.1.1"
-p sctp -j SNAT --to-source 1.1.1.1:53                                  | refused: Bad IP address "1.1.1.1"
-p dccp -j SNAT --to-source 1.1.1.1:53                                  | refused: Bad IP address "1.1.1.1"
! -p tcp -j SNAT --to-source 1.1.1.1:53                                 | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 1.1.1.1:0-53                                 | refused: Bad IP address "1.1.1.1"
-p tcp -j SNAT --to-source 0.0.0.0                                      | refused: Bad IP address "0.0.0.0"
-p tcp -j SNAT --to-source 224.0.0.1                                    | refused: Bad IP address "224.0.0.1"
-j SNAT --to-source dead::beef                                          | =
-j SNAT --to-source dead::beef-dead::fee7                               | =
-j SNAT --to-source [dead::beef]                                        | -j SNAT --to-source dead::beef
-j SNAT --to-source [dead::beef]:1025                                   | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p tcp -j SNAT --to-source [dead::beef]:1025-65535                      | =
-p tcp -j SNAT --to-source [dead::beef-dead::fee7]:1025-65535           | =
-p tcp -j SNAT --to-source [dead::beef-dead::fee7]:1025-65536           | refused: Port `65536' not valid
-p tcp -j SNAT --to-source [dead::beef]-[dead::fee7]:1025               | refused: Port `:fee7]:1025' not valid
-p tcp -j SNAT --to-source [dead::beef                                  | refused: Invalid address format
-p tcp -j SNAT --to-source [dead::beef]:                                | refused: Port `' not valid
-p tcp -j SNAT --to-source :1025                                        | =
-p tcp -j SNAT --to-source dead::fee7-dead::beef                        | =
-p tcp -j SNAT --to-source [dead::beef-dead::fee7]                      | -p tcp -j SNAT --to-source dead::beef-dead::fee7
-p tcp -j SNAT --to-source [dead::beef]x                                | -p tcp -j SNAT --to-source dead::beef
-p tcp -j SNAT --to-source []:10                                        | -p tcp -j SNAT --to-source :10
-p tcp -j SNAT --to-source dead::beef --to-source dead::fee7            | refused: SNAT: option "--to-source" can only be used once.
-p icmpv6 -j SNAT --to-source [dead::1]:80                              | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p icmp -j SNAT --to-source [dead::1]:80                                | =
-p tcp -j SNAT --to-source dead:1                                       | refused: Bad IP address "dead"
-p tcp -j SNAT --to-source ::1                                          | =
-p tcp -j SNAT --to-source ::                                           | =
-p tcp -j SNAT --to-source ::ffff:1.2.3.4                               | =
-p tcp -j SNAT --to-source [::]:5-6                                     | =
-p tcp -j SNAT --to-source dead::1-                                     | refused: Bad IP address ""
-p tcp -j SNAT --to-source x[dead::1]:3                                 | -p tcp -j SNAT --to-source [dead::1]:3
-p tcp -j SNAT --to-source [dead::1]-dead::2                            | refused: Port `:2' not valid
-p tcp -j SNAT --to-source [dead::1-dead::1]:3                          | -p tcp -j SNAT --to-source [dead::1]:3

:nat:INPUT
@ipv4
-j SNAT --to-source 1.1.1.1 | =
@ipv6
-j SNAT --to-source 1.1.1.1 | refused: Bad IP address "1.1.1.1"

:nat:PREROUTING
@ipv4
-j SNAT --to-source 1.1.1.1 | refused: Invalid argument
@ipv6
-j SNAT --to-source 1.1.1.1 | refused: Bad IP address "1.1.1.1"
-j SNAT --to-source dead::1 | refused: Invalid argument

:nat:OUTPUT
@ipv4
-j SNAT --to-source 1.1.1.1 | refused: Invalid argument
@ipv6
-j SNAT --to-source 1.1.1.1 | refused: Bad IP address "1.1.1.1"

:filter:OUTPUT
@ipv4
-j SNAT --to-source 1.1.1.1 | refused: Invalid argument
@ipv6
-j SNAT --to-source 1.1.1.1 | refused: Bad IP address "1.1.1.1"
