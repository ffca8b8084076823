# rule | saved as (=: as written), or why refused; measured with iptables 1.8.9 legacy and nft on Linux 6.18

:filter:INPUT
@both
-j LED                                                          | refused: LED: option "--led-trigger-id" must be specified
-j LED --led-trigger-id "foo"                                   | refused: No chain/target/match by that name
-j LED --led-trigger-id "foo" --led-delay 42 --led-always-blink | refused: No chain/target/match by that name
@ipv4
-j LED --led-trigger-id foo --led-delay inf          | refused: No chain/target/match by that name
-j LED --led-delay x                                 | refused: Delay value must be within range 0..4294967295
-j LED --led-trigger-id foo --led-delay 999999999999 | refused: Delay value must be within range 0..4294967295
@both
:filter:INPUT
-j LED --led-trigger-id 1234567890123456  | refused: No chain/target/match by that name
-j LED --led-trigger-id 12345678901234567 | refused: Argument must have a maximum length of 16 characters
