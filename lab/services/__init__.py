"""The servers of a lab: FTP, HTTP, echo over TCP and UDP, TFTP, and a small IRC relay.

    python -m lab.services --record=FILE ftp:21/4=3 ftp:21/6=4 http:80/4=5

One process serves all services of a node. Their sockets were opened by the lab's holder (lab/holder.py) and are handed
over by number, so packets that come before this process is ready wait for it. Every finished transfer becomes one JSON
line of the record, which Node.transfers() reads.

Each service is a module with `serve(sockets, record)`, which returns only at the end of the process. It can also be
run by itself: `python -m lab.services.ftp [PORT]`.
"""

from __future__ import annotations

from typing import Final

# The whole list: service -> module.
SERVICES: Final = {
    "ftp": "lab.services.ftp",
    "http": "lab.services.http",
    "tcp-echo": "lab.services.tcp_echo",
    "udp-echo": "lab.services.udp_echo",
    "tftp": "lab.services.tftp",
    "irc": "lab.services.irc",
}
