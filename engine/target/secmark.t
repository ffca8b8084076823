# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:FORWARD
@both
-j SECMARK --selctx x | refused: Invalid argument

:security:FORWARD
@both
-j SECMARK                                                   | refused: SECMARK: option "--selctx" must be specified
-j SECMARK --selctx system_u:object_r:firewalled_packet_t:s0 | refused: No chain/target/match by that name
-j SECMARK --selctx ''                                       | refused: No chain/target/match by that name
