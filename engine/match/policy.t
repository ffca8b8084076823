# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m policy                                                                | refused: policy match: neither --dir in nor --dir out specified
-m policy --dir in                                                       | -m policy --dir in --pol ipsec
-m policy --dir in --pol ipsec                                           | =
-m policy --dir in --pol none                                            | =
-m policy --dir out --pol none                                           | refused: Invalid argument
-m policy --dir IN --pol none                                            | refused: policy_match: invalid dir "IN"
-m policy --dir x --pol none                                             | refused: policy_match: invalid dir "x"
-m policy --pol ipsec                                                    | refused: policy match: neither --dir in nor --dir out specified
-m policy --dir in --pol x                                               | refused: policy match: invalid policy "x"
-m policy --dir in --pol ipsec --strict                                  | refused: policy match: empty policy element 0. --strict is in effect, but at least one of reqid, spi, tunnel-src, tunnel-dst, proto or mode is required.
-m policy --dir in --pol none --strict                                   | refused: policy match: policy none but --strict given
-m policy --dir in --pol ipsec --reqid 1                                 | =
-m policy --dir in --pol ipsec --strict --reqid 1 --spi 0x1 --proto esp --mode tunnel --next --reqid 2 | =
-m policy --dir in --pol ipsec --strict --reqid 1 --spi 0x1 --proto ipcomp | =
-m policy --dir in --pol ipsec --proto tcp                               | refused: policy match: protocol must be ah/esp/ipcomp
-m policy --dir in --pol ipsec --mode transport                          | =
-m policy --dir in --pol ipsec --mode x                                  | refused: policy match: invalid mode "x"
-m policy --dir in --pol ipsec ! --mode tunnel                           | =
-m policy --dir in --pol ipsec --next                                    | refused: policy: option "--next" also requires "--strict".
-m policy --dir in --pol ipsec --strict --next                           | refused: policy match: empty policy element 0. --strict is in effect, but at least one of reqid, spi, tunnel-src, tunnel-dst, proto or mode is required.
-m policy --dir in --pol ipsec --spi x                                   | refused: policy: bad value for option "--spi", or out of range (0-4294967295).
-m policy --dir in --pol ipsec --reqid 1 --reqid 2                       | refused: policy match: double --reqid option
-m policy --dir in --pol ipsec ! --reqid 1                               | =
-m policy --dir in --pol ipsec --proto esp                               | =
-m policy --dir in --pol none --reqid 1                                  | -m policy --dir in --pol none
@ipv4
-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-src 10.0.0.0/8 --tunnel-dst 10.0.0.0/8 | -m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-dst 10.0.0.0/8 --tunnel-src 10.0.0.0/8
-m policy --dir in --pol ipsec --tunnel-src 10.0.0.0/8                   | refused: policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.0/8     | =
-m policy --dir in --pol ipsec ! --mode transport --tunnel-src 10.0.0.0/8 | =
-m policy --dir in --pol ipsec ! --mode tunnel --tunnel-src 10.0.0.0/8   | refused: policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode
-m policy --dir out --pol ipsec                                          | refused: Invalid argument
-m policy --dir in --pol ipsec --strict --reqid 1 --next                 | refused: policy match: empty policy element 1. --strict is in effect, but at least one of reqid, spi, tunnel-src, tunnel-dst, proto or mode is required.
-m policy --dir in --pol ipsec --strict --reqid 1 --next --reqid 2 --next --reqid 3 --next --reqid 4 --next --reqid 5 | refused: policy match: maximum policy depth reached
-m policy --dir in --pol ipsec --strict --next --reqid 1                 | refused: policy match: empty policy element 0. --strict is in effect, but at least one of reqid, spi, tunnel-src, tunnel-dst, proto or mode is required.
-m policy --dir in --dir in                                              | refused: policy: option "--dir" can only be used once.
-m policy --dir in --pol none --pol none                                 | refused: policy: option "--pol" can only be used once.
-m policy ! --dir in                                                     | refused: policy: option "--dir" cannot be inverted.
-m policy --dir in --pol ipsec --spi 5                                   | -m policy --dir in --pol ipsec --spi 0x5
-m policy --dir in --pol ipsec --mode tunnel --mode tunnel               | refused: policy match: double --mode option
-m policy --dir in --pol ipsec --proto 50                                | -m policy --dir in --pol ipsec --proto esp
-m policy --dir in --pol ipsec --proto ah ! --spi 1                      | -m policy --dir in --pol ipsec ! --spi 0x1 --proto ah
-m policy --dir in --pol ipsec --tunnel-src 10.0.0.1 --mode transport    | refused: policy match: --tunnel-src/--tunnel-dst is only valid in tunnel mode
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.1 ! --tunnel-dst 10.1.1.1/24 | -m policy --dir in --pol ipsec --mode tunnel ! --tunnel-dst 10.1.1.1/24 --tunnel-src 10.0.0.1
-m policy --dir in --pol ipsec --spi 0x10 --spi 1                        | refused: policy match: double --spi option
-m policy --dir in --strict --strict                                     | refused: policy: option "--strict" can only be used once.
-m policy --dir in --pol ipsec --strict --reqid 1                        | =
@ipv6
-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-src 10.0.0.0/8 --tunnel-dst 10.0.0.0/8 | refused: getaddrinfo: Address family for hostname not supported
-m policy --dir in --pol ipsec --tunnel-src 10.0.0.0/8                   | refused: getaddrinfo: Address family for hostname not supported
-m policy --dir in --pol ipsec --mode tunnel --tunnel-src 10.0.0.0/8     | refused: getaddrinfo: Address family for hostname not supported
-m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-src a::/64 --tunnel-dst b::1 | -m policy --dir in --pol ipsec --strict --mode tunnel --tunnel-dst b::1 --tunnel-src a::/64

:filter:OUTPUT
@ipv4
-m policy --dir in --pol ipsec  | refused: Invalid argument
-m policy --dir out --pol ipsec | =

:filter:FORWARD
@ipv4
-m policy --dir in --pol ipsec  | =
-m policy --dir out --pol ipsec | =

:mangle:POSTROUTING
@ipv4
-m policy --dir out --pol ipsec | =
-m policy --dir in --pol ipsec  | refused: Invalid argument

:nat:POSTROUTING
@ipv4
-m policy --dir out --pol none | =
