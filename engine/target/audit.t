# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:FORWARD
@both
-j AUDIT                           | refused: AUDIT: option "--type" must be specified
-j AUDIT --type accept             | =
-j AUDIT --type drop               | =
-j AUDIT --type reject             | =
-j AUDIT --type REJECT             | -j AUDIT --type reject
-j AUDIT --type acc                | refused: Bad action type value "acc"
-j AUDIT --type wrong              | refused: Bad action type value "wrong"
-j AUDIT --type accept --type drop | refused: AUDIT: option "--type" can only be used once.

:filter:INPUT
@ipv4
-j AUDIT --type x --type y | refused: Bad action type value "x"
