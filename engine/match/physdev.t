# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m physdev --physdev-in lan ! --physdev-is-in ! --physdev-out wan | -m physdev ! --physdev-is-in --physdev-in lan ! --physdev-out wan
-m physdev --physdev-in lan+x                                     | =
@ipv4
-m physdev                                      | refused: PHYSDEV: no physdev option specified
-m physdev --physdev-in lan                     | =
-m physdev --physdev-in lan+                    | =
-m physdev --physdev-in +                       | =
-m physdev --physdev-in abcdefghijklmno         | =
-m physdev --physdev-in abcdefghijklmnop        | refused: interface name `abcdefghijklmnop' must be shorter than IFNAMSIZ (15)
-m physdev --physdev-in 'a b'                   | -m physdev --physdev-in a b
-m physdev --physdev-in 'a/b'                   | -m physdev --physdev-in a/b
-m physdev ! --physdev-in lan                   | =
-m physdev --physdev-out lan                    | =
-m physdev --physdev-is-in                      | =
-m physdev ! --physdev-is-in                    | =
-m physdev --physdev-is-out                     | =
-m physdev --physdev-is-bridged                 | =
-m physdev ! --physdev-is-bridged               | =
-m physdev --physdev-is-bridged --physdev-is-in | -m physdev --physdev-is-in --physdev-is-bridged
-m physdev --physdev-is-in --physdev-in lan     | =
-m physdev --physdev-in lan --physdev-is-in     | -m physdev --physdev-is-in --physdev-in lan
-m physdev --physdev-in a --physdev-in b        | refused: physdev: option "--physdev-in" can only be used once.
-m physdev --physdev-is-in --physdev-is-in      | refused: physdev: option "--physdev-is-in" can only be used once.

:filter:FORWARD
@ipv4
-m physdev --physdev-in lan --physdev-out wan                            | =
-m physdev --physdev-out wan --physdev-in lan                            | -m physdev --physdev-in lan --physdev-out wan
-m physdev --physdev-is-in --physdev-is-bridged                          | =
-m physdev --physdev-is-out                                              | =
-m physdev --physdev-is-out --physdev-is-bridged                         | =
-m physdev --physdev-out wan                                             | =
-m physdev --physdev-out wan --physdev-is-bridged                        | =
-m physdev ! --physdev-is-in --physdev-in lan                            | =
-m physdev --physdev-is-in --physdev-is-out --physdev-is-bridged --physdev-in a+ --physdev-out b+ | -m physdev --physdev-is-in --physdev-in a+ --physdev-is-out --physdev-out b+ --physdev-is-bridged
-m physdev ! --physdev-is-out --physdev-out b ! --physdev-is-bridged --physdev-in a ! --physdev-is-in | -m physdev ! --physdev-is-in --physdev-in a ! --physdev-is-out --physdev-out b ! --physdev-is-bridged

:filter:OUTPUT
@ipv4
-m physdev --physdev-in lan                       | =
-m physdev --physdev-is-in                        | =
-m physdev --physdev-out wan                      | refused: Invalid argument
-m physdev --physdev-is-out                       | refused: Invalid argument
-m physdev --physdev-is-bridged                   | =
-m physdev --physdev-out wan --physdev-is-bridged | =

:mangle:PREROUTING
@ipv4
-m physdev --physdev-in lan     | =
-m physdev --physdev-out lan    | =
-m physdev --physdev-is-out     | =
-m physdev --physdev-is-in      | =
-m physdev --physdev-is-bridged | =

:mangle:POSTROUTING
@ipv4
-m physdev --physdev-in lan                       | =
-m physdev --physdev-out lan                      | =
-m physdev --physdev-out lan --physdev-is-bridged | =
-m physdev --physdev-is-out                       | =
-m physdev --physdev-is-out --physdev-is-bridged  | =
-m physdev --physdev-is-bridged                   | =
-m physdev --physdev-is-in                        | =

:nat:POSTROUTING
@ipv4
-m physdev --physdev-out lan    | =
-m physdev --physdev-is-bridged | =
