# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m hl --hl-eq 5 | refused: Couldn't load match `hl':No such file or directory
@ipv6
-m hl                     | refused: HL match: You must specify one of `--hl-eq', `--hl-lt', `--hl-gt'
-m hl --hl-eq 5           | =
-m hl ! --hl-eq 5         | =
-m hl --hl 5              | -m hl --hl-eq 5
-m hl --hl-lt 5           | =
-m hl --hl-gt 5           | =
-m hl ! --hl-lt 5         | refused: hl: option "--hl-lt" cannot be inverted.
-m hl ! --hl-gt 5         | refused: hl: option "--hl-gt" cannot be inverted.
-m hl --hl-eq 256         | refused: hl: bad value for option "--hl-eq", or out of range (0-255).
-m hl --hl-eq 255         | =
-m hl --hl-eq 0           | =
-m hl --hl-lt 0           | =
-m hl --hl-gt 255         | =
-m hl --hl-eq x           | refused: hl: bad value for option "--hl-eq", or out of range (0-255).
-m hl --hl-eq -1          | refused: hl: bad value for option "--hl-eq", or out of range (0-255).
-m hl --hl-eq ''          | refused: hl: bad value for option "--hl-eq", or out of range (0-255).
-m hl --hl-eq 1 --hl-lt 2 | refused: hl: option "--hl-lt" cannot be used together with "--hl-eq".
-m hl --hl-eq 1 --hl-eq 2 | refused: hl: option "--hl-eq" can only be used once.
-m hl --hl-lt 3 --hl-gt 1 | refused: hl: option "--hl-lt" cannot be used together with "--hl-gt".
