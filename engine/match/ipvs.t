# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@ipv4
-m ipvs                                      | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: IPVS: At least one option is required
-m ipvs --ipvs                               | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs ! --ipvs                             | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vproto tcp                         | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vproto 6                           | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vaddr 1.2.3.4                      | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vaddr 127.0.0.1/8                  | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vport http                         | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vport 80                           | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vdir ORIGINAL                      | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vdir REPLY                         | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vdir x                             | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: ipvs: Bad value for "--vdir" option: "x"
-m ipvs --vmethod GATE                       | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vmethod IPIP                       | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vmethod MASQ                       | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs --vmethod x                          | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: ipvs: Bad value for "--vmethod" option: "x"
-m ipvs --vportctl 21                        | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
-m ipvs ! --vproto 6 --vport 80 --vdir REPLY | refused: accepted by iptables, not implemented here: match 'ipvs': the engine is no IP virtual server. ; legacy: refused: No chain/target/match by that name
