# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m rpfilter | refused: Invalid argument

:raw:PREROUTING
@both
-m rpfilter                                             | =
-m rpfilter --loose                                     | =
-m rpfilter --validmark                                 | =
-m rpfilter --accept-local                              | =
-m rpfilter --invert                                    | =
-m rpfilter --loose --validmark --accept-local --invert | =
-m rpfilter --invert --loose                            | -m rpfilter --loose --invert
-m rpfilter --accept-local --validmark                  | -m rpfilter --validmark --accept-local
-m rpfilter ! --loose                                   | refused: rpfilter: option "--loose" cannot be inverted.
-m rpfilter --loose --loose                             | refused: rpfilter: option "--loose" can only be used once.

:mangle:PREROUTING
@both
-m rpfilter --loose | =

:nat:PREROUTING
@both
-m rpfilter | refused: Invalid argument

:filter:FORWARD
@both
-m rpfilter | refused: Invalid argument

:raw:OUTPUT
@both
-m rpfilter | refused: Invalid argument

:mangle:POSTROUTING
@both
-m rpfilter | refused: Invalid argument
