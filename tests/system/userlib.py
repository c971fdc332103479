# SPDX-License-Identifier: MIT
"""An ordinary user, for tests that root may run too."""

import os
import shutil
import tempfile

from kithlib import Skip, kith_path

NOBODY = 65534
IS_ROOT = os.geteuid() == 0


def may_become_nobody():
    """Root of a user namespace may not, and is nobody in particular to the kernel anyway."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return IS_ROOT and any(int(first) <= NOBODY < int(first) + int(count)
                               for first, _, count in map(str.split, file))


class Ordinary:
    """A user that is not root, with a directory of its own and the program in it: build
    directories may be private."""

    def __init__(self, scene):
        self.prefix, self.uid = (), os.geteuid()
        self.path = tempfile.mkdtemp(prefix="ks-", dir="/tmp")  # TMPDIR may be private too
        scene.at_end(lambda: shutil.rmtree(self.path, ignore_errors=True))
        if may_become_nobody() and not shutil.which("setpriv"):
            raise Skip("no setpriv, to become an ordinary user")
        program = os.path.join(self.path, "kith")
        shutil.copy(kith_path(), program)
        if may_become_nobody():
            self.uid = NOBODY
            self.prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
            os.chown(self.path, NOBODY, NOBODY)
            os.chmod(program, 0o755)
        before = {key: os.environ.get(key) for key in ("KITH", "HOME")}
        scene.at_end(lambda: self.become(before))
        self.become({"KITH": program, "HOME": self.path})

    @staticmethod
    def become(variables):
        for key, value in variables.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
