"""python -m issuing"""

import sys

from issuing.cli import main

sys.exit(main())
