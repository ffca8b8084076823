# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m quota                              | refused: quota: option "--quota" must be specified
-m quota --quota 0                    | =
-m quota --quota 500                  | =
-m quota ! --quota 500                | =
-m quota --quota 18446744073709551615 | =
-m quota --quota 18446744073709551616 | refused: quota: bad value for option "--quota", or out of range (0-18446744073709551615).
-m quota --quota -1                   | refused: quota: bad value for option "--quota", or out of range (0-18446744073709551615).
-m quota --quota x                    | refused: quota: bad value for option "--quota", or out of range (0-18446744073709551615).
-m quota --quota ''                   | refused: quota: bad value for option "--quota", or out of range (0-18446744073709551615).
-m quota --quota 10k                  | refused: quota: bad value for option "--quota", or out of range (0-18446744073709551615).
-m quota --quota 0x10                 | -m quota --quota 16
-m quota --quota 1 --quota 2          | refused: quota: option "--quota" can only be used once.
@ipv4
-m quota ! --quota 7 --quota 8 | refused: quota: option "--quota" can only be used once.
