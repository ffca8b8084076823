# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m ipcomp                                    | refused: Invalid argument
-p ipcomp -m ipcomp                          | -p ipcomp -m ipcomp --ipcompspi 0
-p ipcomp -m ipcomp --ipcompspi 18           | =
-p ipcomp -m ipcomp ! --ipcompspi 18         | =
-p ipcomp -m ipcomp --ipcompspi 18:20        | =
-p ipcomp -m ipcomp --ipcompspi :20          | -p ipcomp -m ipcomp --ipcompspi 0:20
-p ipcomp -m ipcomp --ipcompspi 0:4294967295 | -p ipcomp -m ipcomp
-p ipcomp -m ipcomp --ipcompspi 20:18        | =
-p ipcomp -m ipcomp --ipcompspi x            | refused: ipcomp: bad value for option "--ipcompspi" near "x", or out of range (0-4294967295).
-p ipcomp -m ipcomp --ipcompspi 18 --compres | =
-p ipcomp -m ipcomp --compres                | -p ipcomp -m ipcomp --ipcompspi 0 --compres
-p ipcomp -m ipcomp ! --compres              | refused: ipcomp: option "--compres" cannot be inverted.
-p ipcomp -m ipcomp --ipcompspi 4294967296   | refused: ipcomp: bad value for option "--ipcompspi" near "4294967296", or out of range (0-4294967295).
-p 108 --ipcompspi 1                         | -p ipcomp -m ipcomp --ipcompspi 1
-p tcp -m ipcomp --ipcompspi 18              | refused: Invalid argument
