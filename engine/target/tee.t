# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:PREROUTING
@both
-j TEE          | refused: TEE: option "--gateway" must be specified
-j TEE --oif lo | refused: TEE: option "--gateway" must be specified
@ipv4
-j TEE --gateway 1.1.1.1                        | =
-j TEE --gateway 2001:db8::1                    | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 1.1.1.1 --oif lo               | =
-j TEE --gateway 2001:db8::1 --oif lo           | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 1.1.1.1 --oif nosuch0          | =
-j TEE --gateway 0.0.0.0                        | refused: Invalid argument
-j TEE --gateway ::                             | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 1.1.1                          | -j TEE --gateway 1.1.0.1
-j TEE --gateway 1.1.1.1 --gateway 2.2.2.2      | refused: TEE: option "--gateway" can only be used once.
-j TEE --gateway 1.1.1.1 --oif 1234567890123456 | -j TEE --gateway 1.1.1.1 --oif 123456789012345
-j TEE --gateway 1.1.1.1 --oif ''               | -j TEE --gateway 1.1.1.1
@ipv6
-j TEE --gateway 1.1.1.1                        | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 2001:db8::1                    | =
-j TEE --gateway 1.1.1.1 --oif lo               | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 2001:db8::1 --oif lo           | =
-j TEE --gateway 1.1.1.1 --oif nosuch0          | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 0.0.0.0                        | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway ::                             | refused: Invalid argument
-j TEE --gateway 1.1.1                          | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 1.1.1.1 --gateway 2.2.2.2      | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 1.1.1.1 --oif 1234567890123456 | refused: getaddrinfo: Address family for hostname not supported
-j TEE --gateway 1.1.1.1 --oif ''               | refused: getaddrinfo: Address family for hostname not supported

:filter:INPUT
@ipv4
-j TEE --gateway 1.1.1.1 | =
@ipv6
-j TEE --gateway 1.1.1.1 | refused: getaddrinfo: Address family for hostname not supported
