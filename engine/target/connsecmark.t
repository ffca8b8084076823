# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j CONNSECMARK                  | refused: CONNSECMARK target: parameter required
-j CONNSECMARK --save           | =
-j CONNSECMARK --restore        | =
-j CONNSECMARK --save --restore | refused: CONNSECMARK: option "--save" cannot be used together with "--restore".
-j CONNSECMARK --save --save    | refused: CONNSECMARK: option "--save" can only be used once.

:security:FORWARD
@both
-j CONNSECMARK --save | =

:filter:FORWARD
@both
-j CONNSECMARK --save | refused: Invalid argument
