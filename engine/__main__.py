"""`python -m engine`: the engine process of a firewall node (see docs/control-protocol.md)."""

import sys

from engine.driver.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
