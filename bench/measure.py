# SPDX-License-Identifier: MIT
"""What the benchmarks in Python share: lines of the form of lib/measure.h."""

import os
import time


def _decimals(value):
    return 0 if value >= 1000 else 1 if value >= 100 else 2 if value >= 1 else 3


def line(what, figure, unit, name="", reference=0.0, less_is_better=False):
    text = f"{what} | {figure:.{_decimals(figure)}f} {unit} |"
    if name:
        ratio = reference / figure if less_is_better else figure / reference
        text += (f" {name} {reference:.{_decimals(reference)}f} {unit}"
                 f" | {ratio:.{3 if ratio < 0.1 else 2}f}")
    print(text, flush=True)


class Others:
    """How busy other processes kept the machine. Children count once they were waited for."""

    def __init__(self):
        self.begin, self.busy, self.own = time.monotonic(), self._busy(), sum(os.times()[:4])

    @staticmethod
    def _busy():
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(word) for word in file.readline().split()[1:]]
        return (sum(ticks[:8]) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")

    def show(self, what):
        own = sum(os.times()[:4]) - self.own
        cores = max(0, self._busy() - self.busy - own) / (time.monotonic() - self.begin)
        busy = "; only ratios and CPU times count" if cores > 0.1 else ""
        print(f"  ({what}: others kept {cores:.2f} of {os.cpu_count()} cores busy{busy})",
              flush=True)
