# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv6
-m eui64 | =

:filter:OUTPUT
@ipv6
-m eui64 | refused: Invalid argument

:mangle:PREROUTING
@ipv6
-m eui64 | =

:filter:FORWARD
@ipv6
-m eui64 | =
