# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j MARK                                   | refused: MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required
-j MARK --set-mark 0                      | -j MARK --set-xmark 0x0/0xffffffff
-j MARK --set-mark 1                      | -j MARK --set-xmark 0x1/0xffffffff
-j MARK --set-mark 0xfeedcafe             | -j MARK --set-xmark 0xfeedcafe/0xffffffff
-j MARK --set-mark 0xffffffff             | -j MARK --set-xmark 0xffffffff/0xffffffff
-j MARK --set-mark 0x100000000            | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark 4294967296             | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark -1                     | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark 010                    | -j MARK --set-xmark 0x8/0xffffffff
-j MARK --set-mark 08                     | refused: MARK: trailing garbage after value for option "--set-mark".
-j MARK --set-mark 0x                     | refused: MARK: trailing garbage after value for option "--set-mark".
-j MARK --set-mark a                      | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark ''                     | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark 1/                     | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark /1                     | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark 1/2                    | -j MARK --set-xmark 0x1/0x3
-j MARK --set-mark 1/0xff                 | -j MARK --set-xmark 0x1/0xff
-j MARK --set-mark 0x1ff/0xff             | -j MARK --set-xmark 0x1ff/0x1ff
-j MARK --set-mark 1/0xffffffff           | -j MARK --set-xmark 0x1/0xffffffff
-j MARK --set-mark 1/0                    | -j MARK --set-xmark 0x1/0x1
-j MARK --set-mark 1/x                    | refused: MARK: bad integer value for option "--set-mark", or out of range.
-j MARK --set-mark 1/2/3                  | refused: MARK: trailing garbage after value for option "--set-mark".
-j MARK --set-xmark 0xf                   | -j MARK --set-xmark 0xf/0xffffffff
-j MARK --set-xmark 0xfeedcafe/0xfeedcafe | =
-j MARK --set-xmark 1/0xffffffff          | -j MARK --set-xmark 0x1/0xffffffff
-j MARK --set-xmark 0x0/0x0               | =
-j MARK --set-xmark 0x0/0xff              | =
-j MARK --set-xmark 1/1                   | -j MARK --set-xmark 0x1/0x1
-j MARK --set-xmark 0x5/0xffffffff        | =
-j MARK --set-xmark 0x4/0xffffff00        | =
-j MARK --or-mark 0x4                     | -j MARK --set-xmark 0x4/0x4
-j MARK --or-mark 0                       | -j MARK --set-xmark 0x0/0x0
-j MARK --and-mark 0xf                    | -j MARK --set-xmark 0x0/0xfffffff0
-j MARK --and-mark 0xffffffff             | -j MARK --set-xmark 0x0/0x0
-j MARK --and-mark 0                      | -j MARK --set-xmark 0x0/0xffffffff
-j MARK --xor-mark 0x3                    | -j MARK --set-xmark 0x3/0x0
-j MARK --xor-mark 0                      | -j MARK --set-xmark 0x0/0x0
-j MARK --or-mark 1/2                     | refused: MARK: bad value for option "--or-mark", or out of range (0-4294967295).
-j MARK --and-mark x                      | refused: MARK: bad value for option "--and-mark", or out of range (0-4294967295).
-j MARK --xor-mark                        | refused: option "--xor-mark" requires an argument
-j MARK --set-mark 1 --or-mark 1          | refused: MARK: option "--set-mark" cannot be used together with "--or-mark".
-j MARK --set-mark 1 --set-mark 2         | refused: MARK: option "--set-mark" can only be used once.
-j MARK --set-mark 1 --set-xmark 2        | refused: MARK: option "--set-xmark" cannot be used together with "--set-mark".
-j MARK ! --set-mark 1                    | refused: MARK: option "--set-mark" cannot be inverted.
-j MARK --set 1                           | refused: unknown option "--set"
-j MARK --set-m 1                         | -j MARK --set-xmark 0x1/0xffffffff
-j MARK --set-mark " 1"                   | -j MARK --set-xmark 0x1/0xffffffff
-j MARK --set-mark "+1"                   | -j MARK --set-xmark 0x1/0xffffffff

:filter:INPUT
@both
-j MARK --set-mark 1 | -j MARK --set-xmark 0x1/0xffffffff

:raw:OUTPUT
@both
-j MARK --set-mark 1 | -j MARK --set-xmark 0x1/0xffffffff
