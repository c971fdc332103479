# SPDX-License-Identifier: MIT
"""Small disks for tests that fill them."""

import errno
import os
import shutil
import subprocess
import sys

from kithlib import Skip

UNSHARED = "KITH_TEST_UNSHARED"


def enter_namespace():
    """Start over where mounts are our own, and go with us."""
    if os.environ.get(UNSHARED) or not shutil.which("unshare"):
        return
    flags = ["-m"] if os.geteuid() == 0 else ["-U", "-r", "-m"]
    if subprocess.run(["unshare", *flags, "true"], stderr=subprocess.DEVNULL,
                      check=False).returncode == 0:
        os.environ[UNSHARED] = "1"
        os.execvp("unshare", ["unshare", *flags, sys.executable, *sys.argv])


class Disk:
    """A small file system with something on it that can be taken away."""

    def __init__(self, scene, mib=6):
        self.path = os.path.join(scene.path, "disk")
        self.ballast = os.path.join(self.path, "ballast")
        os.mkdir(self.path)
        if not os.environ.get(UNSHARED) or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", self.path],
                check=False).returncode != 0:
            raise Skip("no file system can be mounted here")
        scene.at_end(lambda: subprocess.run(["umount", "-l", self.path], check=False))

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def free(self):
        os.remove(self.ballast)
