"""What stops a run.

Knows nothing. Bad master data of one party stops nobody: that is a Case (summary.py). This error
means that nothing may be released until somebody has looked.
"""


class ClearingError(Exception):
    """The run cannot go on; no file of it was released. The message names what differs."""
