# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-j ULOG                                                           | refused: No chain/target/match by that name
-j ULOG --ulog-nlgroup 1                                          | refused: No chain/target/match by that name
-j ULOG --ulog-nlgroup 33                                         | refused: ULOG: bad value for option "--ulog-nlgroup", or out of range (1-32).
-j ULOG --ulog-prefix abc --ulog-cprange 100 --ulog-qthreshold 20 | refused: No chain/target/match by that name
-j ULOG --ulog-qthreshold 51                                      | refused: ULOG: bad value for option "--ulog-qthreshold", or out of range (1-50).
@ipv6
-j ULOG                   | refused: Couldn't load target `ULOG':No such file or directory ; nft: refused: Chain 'ULOG' does not exist
-j ULOG --ulog-nlgroup 1  | refused: unknown option "--ulog-nlgroup"
-j ULOG --ulog-nlgroup 33 | refused: unknown option "--ulog-nlgroup"
