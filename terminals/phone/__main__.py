"""`python -m terminals.phone`: a payer's phone by hand."""

import sys

from terminals.by_hand import phone_main

sys.exit(phone_main(sys.argv[1:]))
