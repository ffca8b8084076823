# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:POSTROUTING
@ipv4
-j SNPT --src-pfx dead::/64 --dst-pfx 1c3::/64 | refused: unknown option "--src-pfx"
@ipv6
-j SNPT --src-pfx dead::/64 --dst-pfx 1c3::/64 | =

:filter:INPUT
@ipv4
-j SNPT --src-pfx dead::/64 --dst-pfx 1c3::/64 | refused: unknown option "--src-pfx"
@ipv6
-j SNPT --src-pfx dead::/64 --dst-pfx 1c3::/64 | refused: Invalid argument
