"""`python -m terminals.till`: a shop's till by hand."""

import sys

from terminals.till.commands import till_main

sys.exit(till_main(sys.argv[1:]))
