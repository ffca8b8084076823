# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m ttl --ttl-eq 5            | =
-m ttl                       | refused: TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt
-m ttl --ttl 5               | -m ttl --ttl-eq 5
-m ttl ! --ttl-eq 5          | =
-m ttl --ttl-lt 5            | =
-m ttl --ttl-gt 5            | =
-m ttl ! --ttl-lt 5          | refused: ttl: option "--ttl-lt" cannot be inverted.
-m ttl ! --ttl-gt 5          | refused: ttl: option "--ttl-gt" cannot be inverted.
-m ttl --ttl-eq 256          | refused: ttl: bad value for option "--ttl-eq", or out of range (0-255).
-m ttl --ttl-eq 255          | =
-m ttl --ttl-eq 0            | =
-m ttl --ttl-lt 0            | =
-m ttl --ttl-gt 255          | =
-m ttl --ttl-eq x            | refused: ttl: bad value for option "--ttl-eq", or out of range (0-255).
-m ttl --ttl-eq 1 --ttl-lt 2 | refused: ttl: option "--ttl-lt" cannot be used together with "--ttl-eq".
-m ttl --ttl-eq 1 --ttl-eq 2 | refused: ttl: option "--ttl-eq" can only be used once.
@ipv6
-m ttl --ttl-eq 5 | refused: Couldn't load match `ttl':No such file or directory
