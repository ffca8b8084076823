# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j TCPOPTSTRIP                                                           | refused: Invalid argument
-p tcp -j TCPOPTSTRIP                                                    | =
-j TCPOPTSTRIP --strip-options timestamp                                 | refused: Invalid argument
-p tcp -j TCPOPTSTRIP --strip-options 2,3,4,5,6,7                        | =
-p tcp -j TCPOPTSTRIP --strip-options 0                                  | refused: Option value may not be 0 or 1
-p tcp -j TCPOPTSTRIP --strip-options 0,1                                | refused: Option value may not be 0 or 1
-p tcp -j TCPOPTSTRIP --strip-options 1                                  | refused: Option value may not be 0 or 1
-p tcp -j TCPOPTSTRIP --strip-options wscale,mss,sack-permitted,sack,timestamp,md5 | -p tcp -j TCPOPTSTRIP --strip-options 2,3,4,5,8,19
-p tcp -j TCPOPTSTRIP --strip-options timestamp                          | -p tcp -j TCPOPTSTRIP --strip-options 8
-p tcp -j TCPOPTSTRIP --strip-options time                               | refused: Bad TCP option value "time"
-p tcp -j TCPOPTSTRIP --strip-options nop                                | refused: Bad TCP option value "nop"
-p tcp -j TCPOPTSTRIP --strip-options 255                                | =
-p tcp -j TCPOPTSTRIP --strip-options 256                                | refused: Bad TCP option value "256"
-p tcp -j TCPOPTSTRIP --strip-options 254,19,34                          | -p tcp -j TCPOPTSTRIP --strip-options 19,34,254
-p tcp -j TCPOPTSTRIP --strip-options 19,34                              | =
-p tcp -j TCPOPTSTRIP --strip-options ''                                 | refused: Bad TCP option value ""
-p tcp -j TCPOPTSTRIP --strip-options 2,                                 | refused: Bad TCP option value ""
-p tcp -j TCPOPTSTRIP --strip-options 2,2                                | refused: Option "2" already specified
-p tcp -j TCPOPTSTRIP --strip-options x                                  | refused: Bad TCP option value "x"
-p tcp -j TCPOPTSTRIP --strip-options 2 --strip-options 3                | refused: TCPOPTSTRIP: option "--strip-options" can only be used once.
-p udp -j TCPOPTSTRIP --strip-options 2                                  | refused: Invalid argument

:filter:FORWARD
@both
-p tcp -j TCPOPTSTRIP --strip-options 2 | refused: Invalid argument
