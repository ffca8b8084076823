# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j CONNMARK                                                             | refused: CONNMARK target: No operation specified
-j CONNMARK --restore-mark                                              | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-j CONNMARK --save-mark                                                 | -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-j CONNMARK --save-mark --nfmask 0xfffffff --ctmask 0xffffffff          | =
-j CONNMARK --restore-mark --nfmask 0xfffffff --ctmask 0xffffffff       | =
-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xe                       | =
-j CONNMARK --save-mark --nfmask 0xf                                    | -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xffffffff
-j CONNMARK --save-mark --ctmask 0xf                                    | -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xf
-j CONNMARK --restore-mark --nfmask 0xf                                 | -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xffffffff
-j CONNMARK --restore-mark --ctmask 0xf                                 | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xf
-j CONNMARK --restore-mark --mask 0xf                                   | -j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xf
-j CONNMARK --save-mark --mask 0xf                                      | -j CONNMARK --save-mark --nfmask 0xf --ctmask 0xf
-j CONNMARK --save-mark --mask 0xf --nfmask 1                           | refused: CONNMARK: option "--nfmask" cannot be used together with "--mask".
-j CONNMARK --save-mark --mask 0xf --ctmask 1                           | refused: CONNMARK: option "--ctmask" cannot be used together with "--mask".
-j CONNMARK --save-mark --mask 0                                        | -j CONNMARK --save-mark --nfmask 0x0 --ctmask 0x0
-j CONNMARK --save-mark --mask 4294967296                               | refused: CONNMARK: bad value for option "--mask", or out of range (0-4294967295).
-j CONNMARK --save-mark --mask 1/2                                      | refused: CONNMARK: bad value for option "--mask", or out of range (0-4294967295).
-j CONNMARK --save-mark --nfmask 1/2                                    | refused: CONNMARK: bad value for option "--nfmask", or out of range (0-4294967295).
-j CONNMARK --save-mark --nfmask x                                      | refused: CONNMARK: bad value for option "--nfmask", or out of range (0-4294967295).
-j CONNMARK --save-mark --mask x                                        | refused: CONNMARK: bad value for option "--mask", or out of range (0-4294967295).
-j CONNMARK --set-mark 1                                                | -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --set-mark 0x1/0x2                                          | -j CONNMARK --set-xmark 0x1/0x3
-j CONNMARK --set-mark 1/0xff                                           | -j CONNMARK --set-xmark 0x1/0xff
-j CONNMARK --set-mark x                                                | refused: CONNMARK: bad integer value for option "--set-mark", or out of range.
-j CONNMARK --set-xmark 0x1                                             | -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --set-xmark 0x5/0xff                                        | =
-j CONNMARK --set-xmark 0xfeedcafe/0xfeedcafe                           | =
-j CONNMARK --set-xmark 0/0                                             | -j CONNMARK --set-xmark 0x0/0x0
-j CONNMARK --set-xmark 0/0xff                                          | -j CONNMARK --set-xmark 0x0/0xff
-j CONNMARK --or-mark 4                                                 | -j CONNMARK --set-xmark 0x4/0x4
-j CONNMARK --and-mark 0xf                                              | -j CONNMARK --set-xmark 0x0/0xfffffff0
-j CONNMARK --xor-mark 3                                                | -j CONNMARK --set-xmark 0x3/0x0
-j CONNMARK --xor-mark 0                                                | -j CONNMARK --set-xmark 0x0/0x0
-j CONNMARK --set-mark 1 --mask 3                                       | -j CONNMARK --set-xmark 0x1/0x3
-j CONNMARK --set-mark 1 --nfmask 3                                     | -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --mask 3                                                    | refused: CONNMARK target: No operation specified
-j CONNMARK --ctmask 3                                                  | refused: CONNMARK target: No operation specified
-j CONNMARK --save-mark --restore-mark                                  | refused: CONNMARK: option "--save-mark" cannot be used together with "--restore-mark".
-j CONNMARK --set-mark 1 --save-mark                                    | refused: CONNMARK: option "--set-mark" cannot be used together with "--save-mark".
-j CONNMARK --save-mark --save-mark                                     | refused: CONNMARK: option "--save-mark" can only be used once.
-j CONNMARK --left-shift-mark 3                                         | refused: CONNMARK target: No operation specified
-j CONNMARK --right-shift-mark 3                                        | refused: CONNMARK target: No operation specified
-j CONNMARK --set-xmark 1 --left-shift-mark 3                           | -j CONNMARK --set-xmark 0x1/0xffffffff --left-shift-mark 3
-j CONNMARK --set-xmark 1 --right-shift-mark 3                          | -j CONNMARK --set-xmark 0x1/0xffffffff --right-shift-mark 3
-j CONNMARK --set-mark 1 --left-shift-mark 3                            | -j CONNMARK --set-xmark 0x1/0xffffffff --left-shift-mark 3
-j CONNMARK --save-mark --left-shift-mark 3                             | -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff --left-shift-mark 3
-j CONNMARK --restore-mark --right-shift-mark 3                         | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff --right-shift-mark 3
-j CONNMARK --restore-mark --right-shift-mark 0                         | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff
-j CONNMARK --restore-mark --right-shift-mark 31                        | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff --right-shift-mark 31
-j CONNMARK --restore-mark --right-shift-mark 32                        | refused: Invalid argument
-j CONNMARK --restore-mark --right-shift-mark 33                        | refused: CONNMARK: bad value for option "--right-shift-mark", or out of range (0-32).
-j CONNMARK --restore-mark --right-shift-mark 3 --left-shift-mark 4     | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff --left-shift-mark 4
-j CONNMARK --save-mark --nfmask 0xf0 --ctmask 0xf --right-shift-mark 4 | =
-j CONNMARK --or-mark 1 --left-shift-mark 4                             | -j CONNMARK --set-xmark 0x1/0x1 --left-shift-mark 4
@ipv4
-j CONNMARK --mask 3 --set-mark 1                                   | -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --ctmask 3 --set-mark 1                                 | -j CONNMARK --set-xmark 0x1/0xffffffff
-j CONNMARK --set-mark 1 --ctmask 3                                 | -j CONNMARK --set-xmark 0x1/0x3
-j CONNMARK --set-xmark 1/2 --ctmask 3                              | -j CONNMARK --set-xmark 0x1/0x3
-j CONNMARK --and-mark 1 --mask 3                                   | -j CONNMARK --set-xmark 0x0/0x3
-j CONNMARK --restore-mark --left-shift-mark 4 --right-shift-mark 5 | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff --right-shift-mark 5
-j CONNMARK --save-mark --right-shift-mark 4 --left-shift-mark 0    | -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
-j CONNMARK --save-mark --left-shift-mark 0 --right-shift-mark 4    | -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff --right-shift-mark 4

:filter:INPUT
@both
-j CONNMARK --restore-mark | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff

:raw:OUTPUT
@both
-j CONNMARK --restore-mark | -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff

:nat:OUTPUT
@both
-j CONNMARK --set-mark 1 | -j CONNMARK --set-xmark 0x1/0xffffffff
