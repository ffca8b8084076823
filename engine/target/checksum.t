# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j CHECKSUM                                        | refused: CHECKSUM: option "--checksum-fill" must be specified
-j CHECKSUM --checksum-fill                        | =
-p udp -j CHECKSUM --checksum-fill                 | =
-p udp -j CHECKSUM --checksum-fill --checksum-fill | refused: CHECKSUM: option "--checksum-fill" can only be used once.

:filter:FORWARD
@both
-j CHECKSUM --checksum-fill | refused: Invalid argument
