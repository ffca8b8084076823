# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j SYNPROXY                                                              | refused: Invalid argument
-p tcp -j SYNPROXY                                                       | =
-p tcp -j SYNPROXY --sack-perm --timestamp --mss 1460 --wscale 9         | -p tcp -j SYNPROXY --sack-perm --timestamp --wscale 9 --mss 1460
-p tcp -m tcp --syn -j SYNPROXY --wscale 14 --mss 65535                  | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j SYNPROXY --wscale 14 --mss 65535
-p tcp -j SYNPROXY --wscale 15                                           | =
-p tcp -j SYNPROXY --wscale 0                                            | =
-p tcp -j SYNPROXY --mss 0                                               | =
-p tcp -j SYNPROXY --mss 65536                                           | -p tcp -j SYNPROXY --mss 0
-p tcp -j SYNPROXY --mss x                                               | refused: SYNPROXY: bad value for option "--mss", or out of range (0-4294967295).
-p tcp -j SYNPROXY --ecn                                                 | =
-p tcp -j SYNPROXY --ecn --wscale 7 --mss 1460 --timestamp --sack-perm   | -p tcp -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460 --ecn
-p tcp -j SYNPROXY --sack-perm --sack-perm                               | refused: SYNPROXY: option "--sack-perm" can only be used once.
-p udp -j SYNPROXY                                                       | refused: Invalid argument
! -p tcp -j SYNPROXY                                                     | refused: Invalid argument
-p tcp -m conntrack --ctstate INVALID,UNTRACKED -j SYNPROXY --sack-perm --timestamp --wscale 7 --mss 1460 | =

:filter:FORWARD
@both
-p tcp -j SYNPROXY --mss 1400 | =

:filter:OUTPUT
@both
-p tcp -j SYNPROXY --mss 1400 | refused: Invalid argument

:mangle:FORWARD
@both
-p tcp -j SYNPROXY --mss 1400 | =

:raw:PREROUTING
@both
-p tcp -j SYNPROXY --mss 1400 | refused: Invalid argument
