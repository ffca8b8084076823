# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m ecn                                                         | refused: ECN match: some option required
-m ecn --ecn-ip-ect 0                                          | =
-m ecn --ecn-ip-ect 1                                          | =
-m ecn --ecn-ip-ect 2                                          | =
-m ecn --ecn-ip-ect 3                                          | =
-m ecn --ecn-ip-ect 4                                          | refused: ecn: bad value for option "--ecn-ip-ect", or out of range (0-3).
-m ecn --ecn-ip-ect -1                                         | refused: ecn: bad value for option "--ecn-ip-ect", or out of range (0-3).
-m ecn --ecn-ip-ect x                                          | refused: ecn: bad value for option "--ecn-ip-ect", or out of range (0-3).
-m ecn ! --ecn-ip-ect 0                                        | =
-m ecn --ecn-tcp-cwr                                           | refused: Invalid argument
-p tcp -m ecn                                                  | refused: ECN match: some option required
-p tcp -m ecn --ecn-tcp-cwr                                    | =
-p tcp -m ecn --ecn-tcp-ece                                    | =
-p tcp -m ecn ! --ecn-tcp-cwr                                  | =
-p tcp -m ecn ! --ecn-tcp-ece                                  | =
-p tcp -m ecn --ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect 2       | -p tcp -m ecn --ecn-tcp-ece --ecn-tcp-cwr --ecn-ip-ect 2
-p tcp -m ecn ! --ecn-tcp-cwr ! --ecn-tcp-ece ! --ecn-ip-ect 2 | -p tcp -m ecn ! --ecn-tcp-ece ! --ecn-tcp-cwr ! --ecn-ip-ect 2
-p tcp -m ecn --ecn-tcp-cwr --ecn-tcp-cwr                      | refused: ecn: option "--ecn-tcp-cwr" can only be used once.
-p udp -m ecn --ecn-tcp-ece                                    | refused: Invalid argument
-p udp -m ecn --ecn-ip-ect 2                                   | =
! -p tcp -m ecn --ecn-tcp-ece                                  | refused: Invalid argument
-p tcp -m ecn --ecn-ip-ect 2 --ecn-tcp-ece                     | -p tcp -m ecn --ecn-tcp-ece --ecn-ip-ect 2
@ipv4
-m ecn --ecn-ip-ect 0x2 | -m ecn --ecn-ip-ect 2
