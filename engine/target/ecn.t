# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@ipv4
-j ECN                                                       | refused: ECN target: An operation is required
-j ECN --ecn-tcp-remove                                      | refused: Invalid argument
-p tcp -j ECN --ecn-tcp-remove                               | =
-p udp -j ECN --ecn-tcp-remove                               | refused: Invalid argument
! -p tcp -j ECN --ecn-tcp-remove                             | refused: Invalid argument
-p tcp -j ECN --ecn-tcp-cwr 0                                | =
-p tcp -j ECN --ecn-tcp-cwr 1                                | =
-p tcp -j ECN --ecn-tcp-cwr 2                                | refused: ECN: bad value for option "--ecn-tcp-cwr", or out of range (0-1).
-p tcp -j ECN --ecn-tcp-ece 0                                | =
-p tcp -j ECN --ecn-tcp-ece 1                                | =
-p tcp -j ECN --ecn-tcp-cwr 1 --ecn-tcp-ece 0                | -p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 1
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-ece 0               | refused: ECN: option "--ecn-tcp-remove" cannot be used together with "--ecn-tcp-ece".
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-cwr 0               | refused: ECN: option "--ecn-tcp-remove" cannot be used together with "--ecn-tcp-cwr".
-j ECN --ecn-ip-ect 0                                        | =
-j ECN --ecn-ip-ect 1                                        | =
-j ECN --ecn-ip-ect 2                                        | =
-j ECN --ecn-ip-ect 3                                        | =
-j ECN --ecn-ip-ect 4                                        | refused: ECN: bad value for option "--ecn-ip-ect", or out of range (0-3).
-p tcp -j ECN --ecn-ip-ect 1 --ecn-tcp-ece 1                 | -p tcp -j ECN --ecn-tcp-ece 1 --ecn-ip-ect 1
-p tcp -j ECN --ecn-tcp-ece 1 --ecn-ip-ect 1                 | =
-p tcp -j ECN --ecn-tcp-cwr 1 --ecn-ip-ect 1                 | =
-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 0                | -p tcp -j ECN --ecn-tcp-remove
-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 0 --ecn-ip-ect 0 | -p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 0
-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 0                | -p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 0
-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 2                | -p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 2
@ipv6
-j ECN                                         | refused: Couldn't load target `ECN':No such file or directory ; nft: refused: Chain 'ECN' does not exist
-j ECN --ecn-tcp-remove                        | refused: unknown option "--ecn-tcp-remove"
-p tcp -j ECN --ecn-tcp-remove                 | refused: unknown option "--ecn-tcp-remove"
-p udp -j ECN --ecn-tcp-remove                 | refused: unknown option "--ecn-tcp-remove"
! -p tcp -j ECN --ecn-tcp-remove               | refused: unknown option "--ecn-tcp-remove"
-p tcp -j ECN --ecn-tcp-cwr 0                  | refused: unknown option "--ecn-tcp-cwr"
-p tcp -j ECN --ecn-tcp-cwr 1                  | refused: unknown option "--ecn-tcp-cwr"
-p tcp -j ECN --ecn-tcp-cwr 2                  | refused: unknown option "--ecn-tcp-cwr"
-p tcp -j ECN --ecn-tcp-ece 0                  | refused: unknown option "--ecn-tcp-ece"
-p tcp -j ECN --ecn-tcp-ece 1                  | refused: unknown option "--ecn-tcp-ece"
-p tcp -j ECN --ecn-tcp-cwr 1 --ecn-tcp-ece 0  | refused: unknown option "--ecn-tcp-cwr"
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-ece 0 | refused: unknown option "--ecn-tcp-remove"
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-cwr 0 | refused: unknown option "--ecn-tcp-remove"
-j ECN --ecn-ip-ect 0                          | refused: unknown option "--ecn-ip-ect"
-j ECN --ecn-ip-ect 1                          | refused: unknown option "--ecn-ip-ect"
-j ECN --ecn-ip-ect 2                          | refused: unknown option "--ecn-ip-ect"
-j ECN --ecn-ip-ect 3                          | refused: unknown option "--ecn-ip-ect"
-j ECN --ecn-ip-ect 4                          | refused: unknown option "--ecn-ip-ect"
-p tcp -j ECN --ecn-ip-ect 1 --ecn-tcp-ece 1   | refused: unknown option "--ecn-ip-ect"
-p tcp -j ECN --ecn-tcp-ece 1 --ecn-ip-ect 1   | refused: unknown option "--ecn-tcp-ece"
-p tcp -j ECN --ecn-tcp-cwr 1 --ecn-ip-ect 1   | refused: unknown option "--ecn-tcp-cwr"

:filter:FORWARD
@ipv4
-p tcp -j ECN --ecn-tcp-remove | refused: Invalid argument
@ipv6
-p tcp -j ECN --ecn-tcp-remove | refused: unknown option "--ecn-tcp-remove"
