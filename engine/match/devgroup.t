# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-m devgroup                             | refused: devgroup match: You must specify either '--src-group' or '--dst-group'
-m devgroup --src-group 42              | -m devgroup --src-group 0x2a
-m devgroup --src-group 42/42           | -m devgroup --src-group 0x2a/0x2a
-m devgroup --src-group 0x1/0xff        | =
-m devgroup ! --src-group 42            | -m devgroup ! --src-group 0x2a
-m devgroup ! --src-group 42/0xff       | -m devgroup ! --src-group 0x2a/0xff
-m devgroup --src-group default         | =
-m devgroup --src-group nosuch          | refused: devgroup: could not map name nosuch to an integer value for option "--src-group".
-m devgroup --src-group ''              | refused: devgroup: could not map name  to an integer value for option "--src-group".
-m devgroup --src-group 4294967295      | -m devgroup --src-group 0xffffffff
-m devgroup --src-group 4294967296      | refused: devgroup: could not map name 4294967296 to an integer value for option "--src-group".
-m devgroup --src-group 1 --src-group 2 | refused: devgroup: option "--src-group" can only be used once.
-m devgroup --dst-group 1               | refused: Invalid argument
@ipv4
-m devgroup --src-group 0            | -m devgroup --src-group default
-m devgroup --src-group 0/0xff       | -m devgroup --src-group 0x0/0xff
-m devgroup --src-group default/0xff | refused: devgroup: could not map name default/0xff to an integer value for option "--src-group".

:filter:OUTPUT
@both
-m devgroup --dst-group 42        | -m devgroup --dst-group 0x2a
-m devgroup ! --dst-group 42/0xff | -m devgroup ! --dst-group 0x2a/0xff
-m devgroup --src-group 1         | refused: Invalid argument

:filter:FORWARD
@both
-m devgroup --src-group 1 --dst-group 2   | -m devgroup --src-group 0x1 --dst-group 0x2
-m devgroup --dst-group 2 ! --src-group 1 | -m devgroup ! --src-group 0x1 --dst-group 0x2

:mangle:POSTROUTING
@both
-m devgroup --src-group 1 | refused: Invalid argument
-m devgroup --dst-group 1 | -m devgroup --dst-group 0x1

:mangle:PREROUTING
@both
-m devgroup --src-group 1 | -m devgroup --src-group 0x1
-m devgroup --dst-group 1 | refused: Invalid argument
