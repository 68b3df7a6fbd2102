"""`python -m terminals.safe`: a safe by hand, by its screen, or as a service."""

import sys

from terminals.by_hand import safe_main

sys.exit(safe_main(sys.argv[1:]))
