# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:PREROUTING
@both
-j TPROXY                                        | refused: TPROXY: option "--on-port" must be specified
-j TPROXY --on-port 12345                        | refused: Invalid argument
-p tcp -j TPROXY                                 | refused: TPROXY: option "--on-port" must be specified
-p icmp -j TPROXY --on-port 12345                | refused: Invalid argument
-p tcp -j TPROXY --on-port 12345 --tproxy-mark x | refused: TPROXY: bad integer value for option "--tproxy-mark", or out of range.
-p tcp -j TPROXY --on-port 1 --on-port 2         | refused: TPROXY: option "--on-port" can only be used once.
! -p udp -j TPROXY --on-port 1                   | refused: Invalid argument
@ipv4
-p tcp -j TPROXY --on-port 12345                                         | -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0
-p udp -j TPROXY --on-port 12345                                         | -p udp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port 12345 --on-ip 10.0.0.1                        | -p tcp -j TPROXY --on-port 12345 --on-ip 10.0.0.1 --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1                     | refused: getaddrinfo: Address family for hostname not supported
-p tcp -j TPROXY --on-port 12345 --on-ip 10.0.0.1 --tproxy-mark 0x23/0xff | =
-p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1 --tproxy-mark 0x23/0xff | refused: getaddrinfo: Address family for hostname not supported
-p tcp -j TPROXY --on-port 12345 --tproxy-mark 0x23                      | -p tcp -j TPROXY --on-port 12345 --on-ip 0.0.0.0 --tproxy-mark 0x23/0xffffffff
-p tcp -j TPROXY --on-port 0                                             | -p tcp -j TPROXY --on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port 65536                                         | -p tcp -j TPROXY --on-port 0 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port http                                          | -p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-ip 10.0.0.1                                        | refused: TPROXY: option "--on-port" must be specified
@ipv6
-p tcp -j TPROXY --on-port 12345                                         | -p tcp -j TPROXY --on-port 12345 --on-ip :: --tproxy-mark 0x0/0x0
-p udp -j TPROXY --on-port 12345                                         | -p udp -j TPROXY --on-port 12345 --on-ip :: --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port 12345 --on-ip 10.0.0.1                        | refused: getaddrinfo: Address family for hostname not supported
-p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1                     | -p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1 --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port 12345 --on-ip 10.0.0.1 --tproxy-mark 0x23/0xff | refused: getaddrinfo: Address family for hostname not supported
-p tcp -j TPROXY --on-port 12345 --on-ip 2001:db8::1 --tproxy-mark 0x23/0xff | =
-p tcp -j TPROXY --on-port 12345 --tproxy-mark 0x23                      | -p tcp -j TPROXY --on-port 12345 --on-ip :: --tproxy-mark 0x23/0xffffffff
-p tcp -j TPROXY --on-port 0                                             | -p tcp -j TPROXY --on-port 0 --on-ip :: --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port 65536                                         | -p tcp -j TPROXY --on-port 0 --on-ip :: --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-port http                                          | -p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x0/0x0
-p tcp -j TPROXY --on-ip 10.0.0.1                                        | refused: getaddrinfo: Address family for hostname not supported

:mangle:FORWARD
@both
-p tcp -j TPROXY --on-port 12345 | refused: Invalid argument

:nat:PREROUTING
@both
-p tcp -j TPROXY --on-port 12345 | refused: Invalid argument
