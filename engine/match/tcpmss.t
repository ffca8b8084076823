# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m tcpmss                                                | refused: tcpmss: option "--mss" must be specified
-m tcpmss --mss 42                                       | refused: Invalid argument
-p tcp -m tcpmss                                         | refused: tcpmss: option "--mss" must be specified
-p tcp -m tcpmss --mss 42                                | =
-p tcp -m tcpmss --mss 42:12345                          | =
-p tcp -m tcpmss --mss :100                              | -p tcp -m tcpmss --mss 0:100
-p tcp -m tcpmss --mss 100:                              | -p tcp -m tcpmss --mss 100:65535
-p tcp -m tcpmss --mss 42:12345 --mss 1                  | refused: tcpmss: option "--mss" can only be used once.
-p tcp -m tcpmss ! --mss 42                              | =
-p tcp -m tcpmss ! --mss 42:43                           | =
-p tcp -m tcpmss --mss 65535                             | =
-p tcp -m tcpmss --mss 65536                             | refused: tcpmss: bad value for option "--mss" near "65536", or out of range (0-65535).
-p tcp -m tcpmss --mss -1                                | refused: tcpmss: bad value for option "--mss" near "-1", or out of range (0-65535).
-p tcp -m tcpmss --mss x                                 | refused: tcpmss: bad value for option "--mss" near "x", or out of range (0-65535).
-p tcp -m tcpmss --mss 5:4                               | refused: tcpmss: invalid range given
-p tcp -m tcpmss --mss ''                                | -p tcp -m tcpmss --mss 0
-p tcp -m tcpmss --mss 1:2:3                             | refused: tcpmss: Too many components for option "--mss" (max: 2)
-p tcp --tcp-flags SYN,RST SYN -m tcpmss --mss 1400:1500 | -p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss --mss 1400:1500
-p udp -m tcpmss --mss 42                                | refused: Invalid argument
! -p tcp -m tcpmss --mss 42                              | refused: Invalid argument
-m tcpmss --mss 1 -p tcp                                 | -p tcp -m tcpmss --mss 1
