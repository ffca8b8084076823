# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m connmark                              | refused: connmark: option "--mark" must be specified
-m connmark --mark 99                    | -m connmark --mark 0x63
-m connmark --mark 0x1/0xff              | =
-m connmark ! --mark 1                   | -m connmark ! --mark 0x1
-m connmark --mark 0xffffffff/0xffffffff | -m connmark --mark 0xffffffff
-m connmark --mark 4294967296            | refused: connmark: bad integer value for option "--mark", or out of range.
-m connmark --mark 0                     | -m connmark --mark 0x0
-m connmark --mark x                     | refused: connmark: bad integer value for option "--mark", or out of range.
