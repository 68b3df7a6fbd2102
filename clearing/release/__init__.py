"""Release: what is proved before a run's files are shown, who lets them out, where each goes.

Knows control totals, two people, the manifest, delivery and the life of a file; must not know
what a file means to who receives it.
"""
