# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m tcp                                                                   | refused: Invalid argument
-p tcp                                                                   | =
-p tcp -m tcp                                                            | =
-p tcp --sport 1                                                         | -p tcp -m tcp --sport 1
-p tcp --dport 22                                                        | -p tcp -m tcp --dport 22
-p tcp --source-port 22                                                  | -p tcp -m tcp --sport 22
-p tcp --destination-port 22                                             | -p tcp -m tcp --dport 22
-p tcp --destination-port ssh                                            | -p tcp -m tcp --dport 22
-p tcp --dport ssh                                                       | -p tcp -m tcp --dport 22
-p tcp --dport nosuch                                                    | refused: invalid port/service `nosuch' specified
-p tcp --dport SSH                                                       | refused: invalid port/service `SSH' specified
-p tcp --dport ''                                                        | refused: invalid port/service `' specified
-p tcp --dport 22,80                                                     | refused: invalid port/service `22,80' specified
-p tcp --dport 22-80                                                     | refused: invalid port/service `22-80' specified
-p tcp --dport -1                                                        | refused: invalid port/service `-1' specified
-p tcp --dport +22                                                       | -p tcp -m tcp --dport 22
-p tcp --dport 022                                                       | -p tcp -m tcp --dport 18
-p tcp --dport 0x16                                                      | -p tcp -m tcp --dport 22
-p tcp --dport 0                                                         | -p tcp -m tcp --dport 0
-p tcp --dport 65535                                                     | -p tcp -m tcp --dport 65535
-p tcp --dport 65536                                                     | refused: invalid port/service `65536' specified
-p tcp --dport 4294967297                                                | refused: invalid port/service `4294967297' specified
-p tcp --dport 22:                                                       | -p tcp -m tcp --dport 22:65535
-p tcp --dport :22                                                       | -p tcp -m tcp --dport 0:22
-p tcp --dport :                                                         | -p tcp -m tcp
-p tcp --dport 0:65535                                                   | -p tcp -m tcp
-p tcp ! --dport 0:65535                                                 | -p tcp -m tcp ; nft: -p tcp
-p tcp --dport 22:23                                                     | -p tcp -m tcp --dport 22:23
-p tcp --dport 22:22                                                     | -p tcp -m tcp --dport 22
-p tcp --dport ssh:http                                                  | -p tcp -m tcp --dport 22:80
-p tcp --dport 23:22                                                     | refused: invalid portrange (min > max)
-p tcp --dport 1:2:3                                                     | refused: invalid port/service `2:3' specified
-p tcp --dport 'a b'                                                     | refused: invalid port/service `a b' specified
-p tcp --dport ' 22'                                                     | -p tcp -m tcp --dport 22
-p tcp --dport '22 '                                                     | refused: invalid port/service `22 ' specified
-p tcp ! --dport 22                                                      | -p tcp -m tcp ! --dport 22
-p tcp ! --sport 22:23                                                   | -p tcp -m tcp ! --sport 22:23
-p tcp ! --sport :                                                       | -p tcp -m tcp ; nft: -p tcp
-p tcp --sport 1:2 --dport 3:4                                           | -p tcp -m tcp --sport 1:2 --dport 3:4
-p tcp --dport 3:4 --sport 1:2                                           | -p tcp -m tcp --sport 1:2 --dport 3:4
-p tcp --dport 1 --dport 2                                               | refused: Only one `--destination-port' allowed
-p tcp --sport 1 --sport 2                                               | refused: Only one `--source-port' allowed
-p tcp --sport 1024:65535 --dport 0:1023                                 | -p tcp -m tcp --sport 1024:65535 --dport 0:1023
-p tcp -m tcp --sport 1 -m tcp --dport 2                                 | = ; nft: -p tcp -m tcp --sport 1 --dport 2
-p tcp --tcp-flags SYN SYN                                               | -p tcp -m tcp --tcp-flags SYN SYN
-p tcp --tcp-flags ALL NONE                                              | -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE
-p tcp --tcp-flags NONE NONE                                             | -p tcp -m tcp
-p tcp --tcp-flags NONE ALL                                              | -p tcp -m tcp ; nft: -p tcp
-p tcp --tcp-flags ALL ALL                                               | -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,PSH,ACK,URG
-p tcp --tcp-flags all none                                              | -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE
-p tcp --tcp-flags syn,ack syn                                           | -p tcp -m tcp --tcp-flags SYN,ACK SYN
-p tcp --tcp-flags SYN,RST,ACK,FIN SYN                                   | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp --tcp-flags FIN,SYN,RST,ACK SYN                                   | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE                          | -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE
-p tcp --tcp-flags SYN,SYN SYN                                           | -p tcp -m tcp --tcp-flags SYN SYN
-p tcp --tcp-flags SYN FIN                                               | -p tcp -m tcp --tcp-flags SYN FIN
-p tcp --tcp-flags SYN,XXX SYN                                           | refused: Unknown TCP flag `XXX'
-p tcp --tcp-flags SYN XXX                                               | refused: Unknown TCP flag `XXX'
-p tcp --tcp-flags SYN                                                   | refused: --tcp-flags requires two args.
-p tcp --tcp-flags                                                       | refused: option "--tcp-flags" requires an argument
-p tcp --tcp-flags SYN,ECE,CWR SYN                                       | refused: Unknown TCP flag `ECE'
-p tcp --tcp-flags '' ''                                                 | -p tcp -m tcp
-p tcp --tcp-flags , ,                                                   | -p tcp -m tcp
-p tcp --tcp-flags SYN, SYN                                              | -p tcp -m tcp --tcp-flags SYN SYN
-p tcp ! --tcp-flags SYN SYN                                             | -p tcp -m tcp ! --tcp-flags SYN SYN
-p tcp --tcp-flags SYN ! SYN                                             | refused: --tcp-flags requires two args.
-p tcp --tcp-flags SYN SYN --tcp-flags ACK ACK                           | refused: Only one of `--syn' or `--tcp-flags'  allowed
-p tcp --syn                                                             | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp ! --syn                                                           | -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN
-p tcp --syn --syn                                                       | refused: Only one of `--syn' or `--tcp-flags'  allowed
-p tcp --syn --tcp-flags SYN SYN                                         | refused: Only one of `--syn' or `--tcp-flags'  allowed
-p tcp --tcp-flags SYN SYN --syn                                         | refused: Only one of `--syn' or `--tcp-flags'  allowed
-p tcp --tcp-option 2                                                    | -p tcp -m tcp --tcp-option 2
-p tcp --tcp-option 0                                                    | refused: Bad TCP option "0"
-p tcp --tcp-option 255                                                  | -p tcp -m tcp --tcp-option 255
-p tcp --tcp-option 256                                                  | refused: Bad TCP option "256"
-p tcp --tcp-option -1                                                   | refused: Bad TCP option "-1"
-p tcp --tcp-option x                                                    | refused: Bad TCP option "x"
-p tcp --tcp-option 0x10                                                 | -p tcp -m tcp --tcp-option 16
-p tcp --tcp-option 010                                                  | -p tcp -m tcp --tcp-option 8
-p tcp ! --tcp-option 2                                                  | -p tcp -m tcp ! --tcp-option 2
-p tcp --tcp-option 2 --tcp-option 3                                     | refused: Only one `--tcp-option' allowed
-p tcp --dport 22 --tcp-flags SYN,ACK SYN --tcp-option 7 --sport 1:      | -p tcp -m tcp --sport 1:65535 --dport 22 --tcp-option 7 --tcp-flags SYN,ACK SYN
-p tcp --tcp-option 7 ! --tcp-flags SYN,ACK SYN ! --dport 22 ! --sport 1:5 | -p tcp -m tcp ! --sport 1:5 ! --dport 22 --tcp-option 7 ! --tcp-flags SYN,ACK SYN
-p udp -m tcp --dport 22                                                 | refused: Invalid argument
! -p tcp -m tcp --dport 22                                               | refused: Invalid argument ; nft: =
-p 6 -m tcp --dport 22                                                   | -p tcp -m tcp --dport 22
-p 6 --dport 22                                                          | -p tcp -m tcp --dport 22
-p all -m tcp --dport 22                                                 | refused: Invalid argument
-p tcp --dpor 22                                                         | -p tcp -m tcp --dport 22
-p tcp --s 22                                                            | refused: unknown option "--s"
-p tcp ! --tcp-flags NONE NONE                                           | -p tcp -m tcp ! --tcp-flags NONE NONE ; nft: -p tcp
-p tcp ! --tcp-flags NONE SYN                                            | -p tcp -m tcp ! --tcp-flags NONE SYN ; nft: -p tcp
-p tcp --tcp-flags SYN NONE                                              | -p tcp -m tcp --tcp-flags SYN NONE
-p tcp --tcp-flags ALL,SYN SYN                                           | -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG SYN
@ipv4
-p tcp --source 10.0.0.1 | -s 10.0.0.1/32 -p tcp
@ipv6
-p tcp --source 10.0.0.1 | refused: host/network `10.0.0.1' not found

# blanks belong to their word
:filter:INPUT
@both
-p tcp --tcp-flags SYN ' FIN'                              | refused: Unknown TCP flag ` FIN'
-p tcp --tcp-flags 'XYZ ' SYN                              | refused: Unknown TCP flag `XYZ '
