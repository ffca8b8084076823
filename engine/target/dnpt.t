# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:PREROUTING
@ipv4
-j DNPT --src-pfx dead::/64 --dst-pfx 1c3::/64  | refused: unknown option "--src-pfx"
-j DNPT                                         | refused: Couldn't load target `DNPT':No such file or directory ; nft: refused: Chain 'DNPT' does not exist
-j DNPT --src-pfx dead::/64                     | refused: unknown option "--src-pfx"
-j DNPT --src-pfx dead::/65 --dst-pfx 1c3::/64  | refused: unknown option "--src-pfx"
-j DNPT --src-pfx dead::/129 --dst-pfx 1c3::/64 | refused: unknown option "--src-pfx"
-j DNPT --src-pfx dead:: --dst-pfx 1c3::/64     | refused: unknown option "--src-pfx"
@ipv6
-j DNPT --src-pfx dead::/64 --dst-pfx 1c3::/64  | =
-j DNPT                                         | refused: DNPT: option "--src-pfx" must be specified
-j DNPT --src-pfx dead::/64                     | refused: DNPT: option "--dst-pfx" must be specified
-j DNPT --src-pfx dead::/65 --dst-pfx 1c3::/64  | refused: Invalid argument
-j DNPT --src-pfx dead::/129 --dst-pfx 1c3::/64 | refused: DNPT: bad value for option "--src-pfx", neither a valid network mask nor valid CIDR (0-128).
-j DNPT --src-pfx dead:: --dst-pfx 1c3::/64     | refused: Invalid argument

:mangle:POSTROUTING
@ipv4
-j DNPT --src-pfx dead::/64 --dst-pfx 1c3::/64 | refused: unknown option "--src-pfx"
@ipv6
-j DNPT --src-pfx dead::/64 --dst-pfx 1c3::/64 | refused: Invalid argument
