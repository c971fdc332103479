# SPDX-License-Identifier: MIT
"""Small disks for tests that fill them."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile

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
    """A small file system with something on it that can be taken away, of `user`
    (userlib.Ordinary) or of root."""

    def __init__(self, scene, mib=6, user=None):
        options = f"size={int(mib * 1024)}k"
        if user:
            options += f",uid={user.uid},gid={user.uid}"
        self.path = tempfile.mkdtemp(prefix="disk-", dir=user.path if user else scene.path)
        self.ballast = os.path.join(self.path, "ballast")
        if not os.environ.get(UNSHARED) or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path],
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

    def grow(self, mib):
        subprocess.run(["mount", "-o", f"remount,size={mib}m", self.path], check=True)

    def only_read(self, is_only=True):
        option = "ro" if is_only else "rw"
        subprocess.run(["mount", "-o", f"remount,bind,{option}", self.path], check=True)
