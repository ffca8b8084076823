# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m mark                              | refused: mark: option "--mark" must be specified
-m mark --mark 1                     | -m mark --mark 0x1
-m mark --mark 0                     | -m mark --mark 0x0
-m mark --mark 0x1/0xff              | =
-m mark --mark 1/1                   | -m mark --mark 0x1/0x1
-m mark --mark 0xffffffff            | =
-m mark --mark 0xffffffff/0          | -m mark --mark 0xffffffff/0x0
-m mark --mark 0x100000000           | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark 4294967295            | -m mark --mark 0xffffffff
-m mark --mark 4294967296            | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark 1/4294967296          | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark -1                    | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark x                     | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark ''                    | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark 1/                    | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark /1                    | refused: mark: bad integer value for option "--mark", or out of range.
-m mark --mark 010                   | -m mark --mark 0x8
-m mark --mark 0xZZ                  | refused: mark: trailing garbage after value for option "--mark".
-m mark ! --mark 1                   | -m mark ! --mark 0x1
-m mark ! --mark 0xff/0xf0           | =
-m mark --mark 0xff/0xffffffff       | -m mark --mark 0xff
-m mark --mark 1 --mark 2            | refused: mark: option "--mark" can only be used once.
-m mark --mark 0xfeedcafe/0xfeedcafe | =
-m mark --mark ' 1'                  | -m mark --mark 0x1
-m mark --mark 1/0x1x                | refused: mark: trailing garbage after value for option "--mark".
-m mark --mark 1/2/3                 | refused: mark: trailing garbage after value for option "--mark".
-m mark --mark 0x1/0                 | -m mark --mark 0x1/0x0
