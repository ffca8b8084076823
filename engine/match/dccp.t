# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m dccp                                                                  | refused: Invalid argument
-p dccp -m dccp                                                          | =
-p dccp -m dccp --sport 1                                                | =
-p dccp -m dccp --source-port 1                                          | -p dccp -m dccp --sport 1
-p dccp -m dccp --sport 1:1023                                           | =
-p dccp -m dccp --dport 5:                                               | -p dccp -m dccp --dport 5:65535
-p dccp -m dccp --dport :5                                               | -p dccp -m dccp --dport 0:5
-p dccp -m dccp --dport 5:4                                              | =
-p dccp -m dccp --dport :                                                | -p dccp -m dccp --dport 0:65535
-p dccp -m dccp ! --sport 4                                              | =
-p dccp -m dccp ! --dport 4:5                                            | =
-p dccp -m dccp ! --dport 0:65535                                        | =
-p dccp -m dccp --dport 65536                                            | -p dccp -m dccp --dport 0
-p dccp -m dccp --dport x                                                | refused: Port "x" does not resolve to anything.
-p dccp -m dccp --sport 1:2 --dport 3 --sport 1                          | refused: dccp: option "--source-port" can only be used once.
-p dccp -m dccp --dccp-types REQUEST                                     | =
-p dccp -m dccp --dccp-types REQUEST,RESPONSE,DATA,ACK,DATAACK,CLOSEREQ,CLOSE,RESET,SYNC,SYNCACK,INVALID | =
-p dccp -m dccp --dccp-types request                                     | -p dccp -m dccp --dccp-types REQUEST
-p dccp -m dccp --dccp-types REQUEST,RESPONSE                            | =
-p dccp -m dccp --dccp-types RESPONSE,REQUEST                            | -p dccp -m dccp --dccp-types REQUEST,RESPONSE
-p dccp -m dccp ! --dccp-types REQUEST                                   | =
-p dccp -m dccp --dccp-types wrong                                       | refused: Unknown DCCP type `wrong'
-p dccp -m dccp --dccp-types REQ                                         | refused: Unknown DCCP type `REQ'
-p dccp -m dccp --dccp-option 1                                          | =
-p dccp -m dccp ! --dccp-option 1                                        | =
-p dccp -m dccp --dccp-option 0                                          | refused: dccp: bad value for option "--dccp-option", or out of range (1-255).
-p dccp -m dccp --dccp-option 255                                        | =
-p dccp -m dccp --dccp-option 256                                        | refused: dccp: bad value for option "--dccp-option", or out of range (1-255).
-p dccp -m dccp --dccp-option x                                          | refused: dccp: bad value for option "--dccp-option", or out of range (1-255).
-p dccp --dport 5                                                        | -p dccp -m dccp --dport 5
-p 33 --sport 1 --dport 2 --dccp-types ACK ! --dccp-option 3             | -p dccp -m dccp --sport 1 --dport 2 --dccp-types ACK ! --dccp-option 3
-p tcp -m dccp --dport 5                                                 | refused: Invalid argument
