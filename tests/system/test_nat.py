# SPDX-License-Identifier: MIT
"""Wherever two nodes are, they are linked; directly where plain sockets could be (which
test_natlab.py shows of the same places)."""

from kithlib import case, is_soak, main
from natlab import Lab
from natmatrix import expected, head, pairs, run_pair
from netns import become_root

# One for each way that two are linked: plainly, by a mapping, by dialling one another, by a
# relay, over one family and without a common one. The others differ in what is in between.
SHORT = (("open", "open"), ("open", "symmetric"), ("full cone", "full cone"),
         ("address restricted", "symmetric"), ("port restricted", "port restricted"),
         ("port restricted", "symmetric"), ("symmetric", "symmetric"),
         ("double NAT", "double NAT"), ("UDP blocked", "port restricted"),
         ("inbound blocked", "inbound blocked"), ("IPv6 only", "IPv6 only"),
         ("IPv6 only", "IPv4 only"))


def matrix():
    """A case for each pair of kinds; some of them unless there is time for all."""
    for one, other in pairs() if is_soak else SHORT:
        @case(f"{one} and {other}: {expected(one, other)}")
        def _(scene, one=one, other=other):
            run_pair(scene, Lab(scene), one, other)


matrix()

if __name__ == "__main__":
    become_root()
    print("# " + head())
    main()
