"""python -m lab: the command nflab."""

import sys

from lab.cli import main

sys.exit(main())
