# SPDX-License-Identifier: MIT
"""kith beside Tox: friends over loopback, by libtoxcore. BENCH_TOX is bench_tox, if the
library was there when this was configured."""

import os
import re
import subprocess

import beside
from measure import Others, line

COMPARED = (  # what it is, kith's case and line, that of bench_tox, unit
    ("friends connected, their address known", "start", "node start, fresh home, until linked",
     "tox connected", "ms"),
    ("message to its hearer, p50", "latency", "message to stream, p50", "tox message", "us"),
    ("message to its hearer, p50, while Tox never sleeps", "latency", "message to stream, p50",
     "tox message, hasty", "us"),
    ("memory of a friend or link, RSS", "links", "an idle link of 1,000, RSS", "tox friend",
     "KiB"),
)


def main():
    if "BENCH_TOX" not in os.environ:
        beside.skip("libtoxcore", ", then meson setup --reconfigure build")
    others = Others()
    text = subprocess.run([os.environ["BENCH_TOX"]], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    for what, case, kith_line, tox_line, unit in COMPARED:
        line(f"beside Tox: {what}", beside.kith(case, kith_line), unit, "Tox",
             beside.figure(text, tox_line), less_is_better=True)
    version = re.search(r"^libtoxcore .*$", text, re.M)[0]
    print(f"{version}, whose loop runs as often as it asks for; it encrypts and stores nothing. "
          "Its friends bootstrap from one another, kith's node starts and dials.")
    others.show("tox")


main()
