# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m socket                           | =
-m socket --nowildcard --nowildcard | refused: socket: option "--nowildcard" can only be used once.

:mangle:PREROUTING
@both
-m socket                                             | =
-m socket --transparent                               | =
-m socket --nowildcard                                | =
-m socket --restore-skmark                            | =
-m socket --transparent --nowildcard                  | =
-m socket --nowildcard --transparent                  | -m socket --transparent --nowildcard
-m socket --transparent --nowildcard --restore-skmark | =
-m socket --restore-skmark --transparent              | -m socket --transparent --restore-skmark
-m socket ! --transparent                             | refused: socket: option "--transparent" cannot be inverted.
-m socket --transparent --transparent                 | refused: socket: option "--transparent" can only be used once.
-p tcp -m socket --transparent                        | =

:mangle:INPUT
@both
-m socket | =

:mangle:FORWARD
@both
-m socket | refused: Invalid argument

:mangle:OUTPUT
@both
-m socket | refused: Invalid argument

:raw:PREROUTING
@both
-m socket | =

:nat:PREROUTING
@both
-m socket | =
