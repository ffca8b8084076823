# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m comment                                                               | refused: comment: option "--comment" must be specified
-m comment --comment foo                                                 | =
-m comment --comment "foo bar"                                           | =
-m comment --comment ''                                                  | -m comment --comment ""
-m comment --comment 'a "q" b'                                           | -m comment --comment "a \"q\" b"
-m comment --comment "it's"                                              | -m comment --comment "it\'s"
-m comment --comment 'back\slash'                                        | -m comment --comment "back\\slash"
-m comment --comment 'tab	x'                                             | -m comment --comment "tab	x"
-m comment --comment '*/ evil'                                           | -m comment --comment "*/ evil"
-m comment --comment foo --comment bar                                   | refused: comment: option "--comment" can only be used once.
-m comment ! --comment foo                                               | refused: comment: option "--comment" cannot be inverted.
-m comment --comment a -m comment --comment b                            | =
-m comment --comment -j                                                  | =
-m comment --comment '-x y'                                              | -m comment --comment "-x y"
-m comment --comment '$HOME;`ls`'                                        | -m comment --comment "$HOME;`ls`"
-m comment --comment 'ünï'                                               | -m comment --comment "ünï"
-m comment --comment '!'                                                 | -m comment --comment "!"
-m comment --comment 'a,b'                                               | -m comment --comment "a,b"
-m comment --comment 'a!b'                                               | -m comment --comment "a!b"
-m comment --comment '#x'                                                | -m comment --comment "#x"
-m comment --comment 'a_b-c.d:e/f=g+h@i%j'                               | -m comment --comment "a_b-c.d:e/f=g+h@i%j"
-m comment --comment ' '                                                 | -m comment --comment " "
-m comment --comment '\'                                                 | -m comment --comment "\\"
-m comment --comment '"'                                                 | -m comment --comment "\""
-m comment --comment 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 | -m comment --comment 012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234
