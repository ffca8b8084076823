"""What a rule, a chain and a hook decide.

A target answers with one of these numbers. CONTINUE and RETURN steer the walk; the others end it. A nat target does
not translate: it leaves a `NatRequest` in the context and accepts; `engine.nat` carries the request out.
"""

from typing import Final

DROP: Final = 0
ACCEPT: Final = 1
STOLEN: Final = 2  # the engine keeps the packet (a fragment that waits); nobody else sees it
QUEUE: Final = 3  # to a userspace queue (NFQUEUE); Context.queue says which
CONTINUE: Final = -1
RETURN: Final = -5

VERDICT_NAMES: Final[dict[int, str]] = {
    DROP: "DROP",
    ACCEPT: "ACCEPT",
    STOLEN: "STOLEN",
    QUEUE: "QUEUE",
    CONTINUE: "CONTINUE",
    RETURN: "RETURN",
}
