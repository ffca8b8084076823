# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m frag | refused: Couldn't load match `frag':No such file or directory
@ipv6
-m frag                                                  | =
-m frag --fragid 1                                       | =
-m frag --fragid 1:42                                    | =
-m frag ! --fragid 1                                     | =
-m frag --fragid 0:4294967295                            | -m frag
-m frag ! --fragid 0:4294967295                          | -m frag
-m frag --fragid 4294967295                              | =
-m frag --fragid 4294967296                              | refused: frag: bad value for option "--fragid" near "4294967296", or out of range (0-4294967295).
-m frag --fragid 42:1                                    | =
-m frag --fragid :5                                      | -m frag --fragid 0:5
-m frag --fragid 5:                                      | -m frag --fragid 5:4294967295
-m frag --fragid x                                       | refused: frag: bad value for option "--fragid" near "x", or out of range (0-4294967295).
-m frag --fraglen 5                                      | =
-m frag ! --fraglen 5                                    | =
-m frag --fraglen 4294967296                             | refused: frag: bad value for option "--fraglen", or out of range (0-4294967295).
-m frag --fragres                                        | =
-m frag --fragfirst                                      | =
-m frag --fragmore                                       | =
-m frag --fraglast                                       | =
-m frag --fragmore --fraglast                            | refused: frag: option "--fragmore" cannot be used together with "--fraglast".
-m frag --fraglast --fragmore                            | refused: frag: option "--fragmore" cannot be used together with "--fraglast".
-m frag --fragfirst --fraglast                           | =
-m frag --fragfirst --fragmore                           | =
-m frag --fragid 1:42 --fraglen 23 --fragres --fragfirst | =
-m frag --fraglast --fragid 5 --fragres                  | -m frag --fragid 5 --fragres --fraglast
-m frag --fragid 1:42 ! --fraglen 10                     | =
-m frag --fragmore --fragmore                            | refused: frag: option "--fragmore" can only be used once.
-m frag ! --fragfirst                                    | refused: frag: option "--fragfirst" cannot be inverted.
-m frag --fragid 1 --fragid 2                            | refused: frag: option "--fragid" can only be used once.

:filter:INPUT
@ipv6
-m frag --fragid 1:42 ! --fraglen 0 | =
-m frag --fraglen 0 | =
