# SPDX-License-Identifier: MIT
"""What the README promises of a fresh clone: `make run`, and nothing before it.

Builds everything once more, so `make soak` runs it; its other command, `make test`, is what
runs this. What the build needs is here already, or no test were."""

import os
import re
import shutil
import subprocess
import urllib.request

from kithlib import Skip, case, main, run_kith, same

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def promised():
    """The commands of the README's section "Two commands"."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().partition("\n## Two commands\n")[2]
    return [line.partition("#")[0].strip() for line in section.split("```")[1].splitlines() if line]


@case("a fresh clone: make run builds it, starts a node and prints where its page is")
def _(scene):
    same(promised(), ["make run", "make test"])
    if not shutil.which("git") or not os.path.exists(os.path.join(ROOT, ".git")):
        raise Skip("this is no clone, or there is no git")
    clone, home = os.path.join(scene.path, "kith"), os.path.join(scene.path, "home")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, clone], check=True)
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("KITH", "MAKE", "MFLAGS", "DISPLAY", "WAYLAND", "ASAN", "UBSAN"))}
    # A node of its own beside others that run here: the rest is as it is for everybody.
    flags = f"ARGS=--home {home} --no-lan --listen 127.0.0.1:0 --http 127.0.0.1:0"
    run = subprocess.Popen([*promised()[0].split(), flags], cwd=clone, env=env, text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    scene.at_end(lambda: run.poll() is None and (run_kith("down", "--home", home), run.kill()))
    lines = []
    for line in run.stdout:
        lines.append(line)
        if "#code=" in line:
            break
    page = re.search(r"http://127\.0\.0\.1:\d+/#code=[a-z2-7]{52}", lines[-1])
    assert page, "".join(lines[-20:])
    assert any(line.startswith("ready: ") for line in lines), "".join(lines[-20:])
    with urllib.request.urlopen(page[0].partition("#")[0], timeout=60) as answer:
        same(answer.status, 200)
    program = os.path.join(clone, "build/kith")
    same(subprocess.run([program, "down", "--home", home], check=True, env=env,
                        capture_output=True).stderr, b"")
    run.stdout.read()
    same(run.wait(60), 0)
    same(subprocess.run(["git", "-C", clone, "status", "--porcelain"], check=True,
                        capture_output=True, text=True).stdout, "", "left in the clone")


if __name__ == "__main__":
    main()
