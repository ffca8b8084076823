# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j SET --add-set foo src | refused: Set foo doesn't exist.
-j SET                   | refused: You must specify either `--add-set' or `--del-set' or `--map-set'
-j SET --map-set foo src | refused: Set foo doesn't exist.
@ipv4
-j SET --add-set foo                       | refused: --add-set requires two args.
-j SET --add-set foo src,dst --exist       | refused: Set foo doesn't exist.
-j SET --exist                             | refused: You must specify either `--add-set' or `--del-set' or `--map-set'
-j SET --add-set foo src --del-set bar dst | refused: Set foo doesn't exist.
-j SET --map-set foo src --map-mark        | refused: Set foo doesn't exist.
