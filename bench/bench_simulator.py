# SPDX-License-Identifier: MIT
"""How long it takes to look at many simulated worlds, with everything that befalls them, a
process a core: of kith-sim, which is given. Lines are those of lib/measure.h."""

import os
import subprocess
import sys
import time

from measure import Others, line

SEEDS = 200
NODES = 20
MINUTES = 10


def main():
    others = Others()
    begin, used = time.monotonic(), sum(os.times()[2:4])
    subprocess.run([sys.argv[1], "--seeds", str(SEEDS), "--nodes", str(NODES), "--minutes", str(MINUTES),
                    "--jobs", str(os.cpu_count())], check=True, stdout=subprocess.DEVNULL)
    worlds = f"{NODES} nodes, {MINUTES} virtual minutes"
    line(f"simulator, {SEEDS} seeds, {worlds}, a process a core", time.monotonic() - begin, "s")
    line(f"simulator, a seed, {worlds}, CPU", (sum(os.times()[2:4]) - used) / SEEDS, "s")
    others.show("simulator")


if __name__ == "__main__":
    main()
