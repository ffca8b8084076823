# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:nat:PREROUTING
@both
-j NETMAP         | refused: NETMAP: option "--to" must be specified
-j NETMAP --to '' | refused: getaddrinfo: Name or service not known
@ipv4
-j NETMAP --to 1.2.3.0/24                 | =
-j NETMAP --to 1.2.3.4                    | -j NETMAP --to 1.2.3.4/32
-j NETMAP --to 1.2.3.4/24                 | -j NETMAP --to 1.2.3.0/24
-j NETMAP --to 1.2.3.0/255.255.255.0      | -j NETMAP --to 1.2.3.0/24
-j NETMAP --to 1.2.3.0/255.0.255.0        | -j NETMAP --to 1.2.3.0/32
-j NETMAP --to 1.2.3.0/33                 | -j NETMAP --to 1.2.3.0/32
-j NETMAP --to 1.2.3.0/0                  | -j NETMAP --to 0.0.0.0/0
-j NETMAP --to 1.2.3.0/32                 | =
-j NETMAP --to 1.2.3.0/x                  | refused: NETMAP: bad value for option "--to", neither a valid network mask nor valid CIDR (0-32).
-j NETMAP --to 1.2.3/24                   | -j NETMAP --to 1.2.0.0/24
-j NETMAP --to dead::/64                  | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::beef/64              | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::beef                 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/129                 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/0                   | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/ffff::              | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/ff0f::              | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/24 --to 1.2.3.0/25 | refused: NETMAP: option "--to" can only be used once.
@ipv6
-j NETMAP --to 1.2.3.0/24                 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.4                    | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.4/24                 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/255.255.255.0      | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/255.0.255.0        | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/33                 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/0                  | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/32                 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3.0/x                  | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to 1.2.3/24                   | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/64                  | =
-j NETMAP --to dead::beef/64              | -j NETMAP --to dead::/64
-j NETMAP --to dead::beef                 | -j NETMAP --to dead::beef/128
-j NETMAP --to dead::/129                 | refused: NETMAP: bad value for option "--to", neither a valid network mask nor valid CIDR (0-128).
-j NETMAP --to dead::/0                   | -j NETMAP --to ::/0
-j NETMAP --to dead::/ffff::              | -j NETMAP --to dead::/16
-j NETMAP --to dead::/ff0f::              | -j NETMAP --to dead::/128
-j NETMAP --to 1.2.3.0/24 --to 1.2.3.0/25 | refused: getaddrinfo: Address family for hostname not supported

:nat:POSTROUTING
@ipv4
-j NETMAP --to 1.2.3.0/24 | =
-j NETMAP --to dead::/64  | refused: getaddrinfo: Address family for hostname not supported
@ipv6
-j NETMAP --to 1.2.3.0/24 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/64  | =

:nat:INPUT
@ipv4
-j NETMAP --to 1.2.3.0/24 | =
-j NETMAP --to dead::/64  | refused: getaddrinfo: Address family for hostname not supported
@ipv6
-j NETMAP --to 1.2.3.0/24 | refused: getaddrinfo: Address family for hostname not supported
-j NETMAP --to dead::/64  | =

:nat:OUTPUT
@ipv4
-j NETMAP --to 1.2.3.0/24 | =
@ipv6
-j NETMAP --to 1.2.3.0/24 | refused: getaddrinfo: Address family for hostname not supported

:filter:INPUT
@ipv4
-j NETMAP --to 1.2.3.0/24 | refused: Invalid argument
@ipv6
-j NETMAP --to 1.2.3.0/24 | refused: getaddrinfo: Address family for hostname not supported
