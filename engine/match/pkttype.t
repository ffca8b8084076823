# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m pkttype                                       | refused: pkttype: option "--pkt-type" must be specified
-m pkttype --pkt-type unicast                    | =
-m pkttype --pkt-type broadcast                  | =
-m pkttype --pkt-type multicast                  | =
-m pkttype --pkt-type host                       | -m pkttype --pkt-type unicast
-m pkttype --pkt-type otherhost                  | =
-m pkttype --pkt-type outgoing                   | refused: Bad packet type 'outgoing'
-m pkttype --pkt-type loopback                   | refused: Bad packet type 'loopback'
-m pkttype --pkt-type fastroute                  | refused: Bad packet type 'fastroute'
-m pkttype --pkt-type bcast                      | -m pkttype --pkt-type broadcast
-m pkttype --pkt-type mcast                      | -m pkttype --pkt-type multicast
-m pkttype --pkt-type UNICAST                    | -m pkttype --pkt-type unicast
-m pkttype --pkt-type uni                        | refused: Bad packet type 'uni'
-m pkttype --pkt-type wrong                      | refused: Bad packet type 'wrong'
-m pkttype --pkt-type ''                         | refused: Bad packet type ''
-m pkttype ! --pkt-type unicast                  | =
-m pkttype --pkt-type unicast --pkt-type unicast | refused: pkttype: option "--pkt-type" can only be used once.
