# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m rateest --rateest-delta                       | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: Invalid argument
-m rateest --rateest a --rateest-lt --rateest-eq | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: Invalid argument
-m rateest --rateest a --rateest-bps x           | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: rateest: could not parse rate `x'
-m rateest ! --rateest a                         | refused: rateest: option "--rateest1" cannot be inverted. ; legacy: refused: rateest: rateest can't be inverted
-m rateest --rateest a --rateest1 b              | refused: rateest: option "--rateest1" can only be used once. ; legacy: refused: rateest: can't specify --rateest1 twice
-m rateest --rateest                             | refused: option "--rateest" requires an argument
@ipv4
-m rateest                                                               | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: Invalid argument
-m rateest --rateest1 a                                                  | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: Invalid argument
-m rateest --rateest RE1 --rateest-lt --rateest-bps 8bit                 | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: No chain/target/match by that name
-m rateest --rateest1 RE1 --rateest-lt --rateest-bps1 8bit               | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: No chain/target/match by that name
-m rateest --rateest RE1 --rateest-pps 5 --rateest-eq                    | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: No chain/target/match by that name
-m rateest --rateest1 RE1 --rateest-lt                                   | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: Invalid argument
-m rateest --rateest-delta --rateest1 RE1 --rateest-pps1 5 --rateest-gt --rateest2 RE2 --rateest-pps2 10 | refused: accepted by iptables, not implemented here: match 'rateest': the engine has no rate estimators (RATEEST). ; legacy: refused: No chain/target/match by that name
