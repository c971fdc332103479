# SPDX-License-Identifier: MIT
"""Wherever two nodes are, they are linked; directly where plain sockets could be (which
test_natlab.py shows of the same places)."""

from kithlib import case, main
from natlab import Lab
from natmatrix import expected, head, pairs, run_pair
from netns import become_root


def matrix():
    """A case for each pair of kinds."""
    for one, other in pairs():
        @case(f"{one} and {other}: {expected(one, other)}")
        def _(scene, one=one, other=other):
            run_pair(scene, Lab(scene), one, other)


matrix()

if __name__ == "__main__":
    become_root()
    print("# " + head())
    main()
