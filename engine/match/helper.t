# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m helper                                                | refused: helper: option "--helper" must be specified
-m helper --helper ftp                                   | =
-m helper ! --helper ftp                                 | =
-m helper --helper ftp-2121                              | =
-m helper --helper ''                                    | -m helper --helper ""
-m helper --helper "a b"                                 | =
-m helper --helper wrong                                 | =
-m helper --helper abcdefghijklmnopqrstuvwxyz0123        | -m helper --helper abcdefghijklmnopqrstuvwxyz012
-m helper --helper abcdefghijklmnopqrstuvwxyz01234567890 | -m helper --helper abcdefghijklmnopqrstuvwxyz012
-m helper --helper ftp --helper ftp                      | refused: helper: option "--helper" can only be used once.
@ipv4
-m helper --helper "a\"b" | =
