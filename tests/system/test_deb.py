# SPDX-License-Identifier: MIT
"""The Debian packages: built, installed into a root of their own, used, and removed.

Takes minutes, so `make soak` runs it; system/install sees to it that the packages take every
file that is installed."""

import glob
import os
import shutil
import subprocess

from kithlib import Skip, case, main, same

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGES = ["kith", "libkith-dev", "libkith0"]


def run(*command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, **(env or {})})
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def dpkg(root, *arguments):
    """On a system of its own: nothing of it touches the real one."""
    return run("dpkg", f"--root={root}", "--force-not-root", "--force-bad-path",
               "--force-depends", "--force-script-chrootless", *arguments)


def files(root):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(root)
                  for name in names if "/var/lib/dpkg" not in folder)


@case("the packages are made, install, run and go without a trace")
def _(scene):
    if not shutil.which("dh") or not shutil.which("lintian"):
        raise Skip("no debhelper or lintian here; tools/deps deb installs them")
    out = os.path.join(scene.path, "deb")
    run(os.path.join(ROOT, "tools/deb"), out)
    made = sorted(glob.glob(os.path.join(out, "*.deb")))
    same([os.path.basename(path).split("_")[0] for path in made], PACKAGES)

    needed = run("dpkg-deb", "-f", made[0], "Depends")
    for library in ("libc6", "libgnutls30", "libsodium23", "libsqlite3-0", "libuv1"):
        assert library in needed, needed
    same("libkith0 (= " in run("dpkg-deb", "-f", made[1], "Depends"), True)

    root = os.path.join(scene.path, "root")
    for folder in ("info", "updates", "triggers"):
        os.makedirs(os.path.join(root, "var/lib/dpkg", folder))
    for name in ("status", "available"):
        with open(os.path.join(root, "var/lib/dpkg", name), "w", encoding="utf-8"):
            pass
    dpkg(root, "--install", *made)
    assert run(os.path.join(root, "usr/bin/kith"), "version").startswith("kith ")

    library = glob.glob(os.path.join(root, "usr/lib/*/libkith.so.0"))[0]
    program = os.path.join(scene.path, "program")
    source = os.path.join(scene.path, "program.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <kith/kith.h>\n#include <stdio.h>\n"
                   "int main(void) { return puts(kith_version()) < 0; }\n")
    run("cc", source, f"-I{root}/usr/include", f"-L{os.path.dirname(library)}", "-lkith", "-o",
        program)
    assert run(program, env={"LD_LIBRARY_PATH": os.path.dirname(library)})[0].isdigit()

    dpkg(root, "--purge", *PACKAGES)
    same(files(root), [], "left behind")


if __name__ == "__main__":
    main()
