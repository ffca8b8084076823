# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:mangle:FORWARD
@both
-j TCPMSS                                                                | refused: TCPMSS target: At least one parameter is required
-j TCPMSS --set-mss 1400                                                 | refused: Invalid argument
-p tcp -j TCPMSS --set-mss 1400                                          | refused: Invalid argument ; nft: =
-p tcp -j TCPMSS --clamp-mss-to-pmtu                                     | refused: Invalid argument ; nft: =
-p udp -j TCPMSS --clamp-mss-to-pmtu                                     | refused: Invalid argument
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu      | =
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400           | =
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 0              | =
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 65495          | =
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS                          | refused: TCPMSS target: At least one parameter is required
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1 --clamp-mss-to-pmtu | -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
-p tcp -m tcp --syn -j TCPMSS --set-mss 1400                             | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400
-p tcp -m tcp --tcp-flags ALL SYN -j TCPMSS --set-mss 1400               | -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG SYN -j TCPMSS --set-mss 1400
-p tcp -m tcp --tcp-flags SYN SYN -j TCPMSS --set-mss 1400               | =
-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j TCPMSS --set-mss 1400       | =
-p tcp -m tcp --tcp-flags SYN,ACK ACK -j TCPMSS --set-mss 1400           | refused: Invalid argument ; nft: =
-p tcp -m tcp ! --tcp-flags SYN SYN -j TCPMSS --set-mss 1400             | refused: Invalid argument ; nft: =
-p tcp -m tcp ! --syn -j TCPMSS --set-mss 1400                           | refused: Invalid argument ; nft: -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400
! -p tcp -j TCPMSS --set-mss 1400                                        | refused: Invalid argument
-p tcp -m tcp --dport 1 -m tcp --syn -j TCPMSS --set-mss 1400            | -p tcp -m tcp --dport 1 -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400 ; nft: -p tcp -m tcp --dport 1 --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400
@ipv4
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 65496 | =
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 65536 | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65515).
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss -1    | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65515).
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss x     | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65515).
@ipv6
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 65496 | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65495).
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 65536 | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65495).
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss -1    | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65495).
-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss x     | refused: TCPMSS: bad value for option "--set-mss", or out of range (0-65495).

:mangle:PREROUTING
@both
-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu | refused: Invalid argument
-p tcp -m tcp --syn -j TCPMSS --set-mss 1400      | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 1400

:mangle:INPUT
@both
-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu | refused: Invalid argument

:mangle:POSTROUTING
@both
-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --clamp-mss-to-pmtu

:filter:OUTPUT
@both
-p tcp -m tcp --syn -j TCPMSS --clamp-mss-to-pmtu | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --clamp-mss-to-pmtu

:filter:INPUT
@both
-p tcp -m tcp --syn -j TCPMSS --set-mss 4 | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 4

:nat:OUTPUT
@both
-p tcp -m tcp --syn -j TCPMSS --set-mss 4 | -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j TCPMSS --set-mss 4
