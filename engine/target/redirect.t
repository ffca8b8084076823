# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:nat:PREROUTING
@both
-j REDIRECT                                        | =
-p tcp -j REDIRECT --to-ports 42                   | =
-p tcp -j REDIRECT --to-ports 42 --random          | =
-p udp -j REDIRECT --to-ports 42-1234              | =
-p tcp -j REDIRECT --to-ports 42-1234 --random     | =
-p tcp -j REDIRECT --to-ports 42-1234/567          | refused: Shifted portmap ranges not supported with this kernel
-p tcp -j REDIRECT --to-ports 42-1234/567 --random | refused: Shifted portmap ranges not supported with this kernel
-p tcp -j REDIRECT --to-ports 42/567               | refused: Garbage after port value: `/567'
-p tcp -j REDIRECT --to-ports ssh                  | -p tcp -j REDIRECT --to-ports 22
-p tcp -j REDIRECT --to-ports telnet-ssh           | refused: Port `telnet-ssh' not valid
-p tcp -j REDIRECT --to-ports ssh-telnet           | refused: Port `ssh-telnet' not valid
-p tcp -j REDIRECT --to-ports ssh-telnet/568       | refused: Port `ssh-telnet/568' not valid
-p tcp -j REDIRECT --to-ports ssh/telnet           | refused: Port `ssh/telnet' not valid
-p tcp -j REDIRECT --to-ports 65536                | refused: Port `65536' not valid
-p tcp -j REDIRECT --to-ports 0                    | =
-p tcp -j REDIRECT --to-ports x                    | refused: Port `x' not valid
-p tcp -j REDIRECT --to-ports 42-                  | refused: Port `' not valid
-p tcp -j REDIRECT --to-ports -42                  | refused: Port `-42' not valid
-p tcp -j REDIRECT --to-ports 42-41                | refused: Port range `41' funky
-p tcp -j REDIRECT --to-port 42                    | -p tcp -j REDIRECT --to-ports 42
-p tcp -j REDIRECT --random                        | =
-p tcp -j REDIRECT --random-fully                  | refused: unknown option "--random-fully"
-j REDIRECT --to-ports 42                          | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p icmp -j REDIRECT --to-ports 42                  | =
-p tcp -j REDIRECT --to-ports 42 --to-ports 43     | refused: REDIRECT: option "--to-ports" can only be used once.
-p tcp -j REDIRECT --persistent                    | refused: unknown option "--persistent"
@ipv4
-p tcp -j REDIRECT --to-ports 80:90  | refused: Invalid port:port syntax - use dash
-p tcp -j REDIRECT --to-ports 80x    | refused: Garbage after port value: `x'
-p tcp -j REDIRECT --to-ports 80-90x | refused: Garbage after port range: `x'
-p tcp -j REDIRECT --to-ports 80-90/ | refused: Port `' not valid
-p tcp -j REDIRECT --to-ports 0x50   | -p tcp -j REDIRECT --to-ports 80
-p tcp -j REDIRECT --to-ports ""     | refused: Port `' not valid
-p tcp -j REDIRECT --to-ports http/1 | refused: Port `http/1' not valid
-p 6 -j REDIRECT --to-ports 1        | -p tcp -j REDIRECT --to-ports 1
-p 132 -j REDIRECT --to-ports 1      | -p sctp -j REDIRECT --to-ports 1
-p 33 -j REDIRECT --to-ports 1       | -p dccp -j REDIRECT --to-ports 1
-p 58 -j REDIRECT --to-ports 1       | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p 1 -j REDIRECT --to-ports 1        | -p icmp -j REDIRECT --to-ports 1
-p 136 -j REDIRECT --to-ports 1      | refused: Need TCP, UDP, SCTP or DCCP with port specification
-p tcp -j REDIRECT --to-ports domain | -p tcp -j REDIRECT --to-ports 53
-p udp -j REDIRECT --to-ports tftp   | -p udp -j REDIRECT --to-ports 69
-p tcp -j REDIRECT --to-ports tftp   | -p tcp -j REDIRECT --to-ports 69
-j REDIRECT --to-ports 80 -p tcp     | refused: Need TCP, UDP, SCTP or DCCP with port specification
@ipv6
-p icmpv6 -j REDIRECT --to-ports 80 | refused: Need TCP, UDP, SCTP or DCCP with port specification
-j REDIRECT                         | =

:nat:OUTPUT
@both
-j REDIRECT | =

:nat:POSTROUTING
@both
-j REDIRECT | refused: Invalid argument

:nat:INPUT
@both
-j REDIRECT | refused: Invalid argument

:mangle:PREROUTING
@both
-j REDIRECT | refused: Invalid argument
