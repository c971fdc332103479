# SPDX-License-Identifier: MIT
"""Completions as shells have them: bash and fish complete for real, zsh reads its script.

What is wanted comes from `kith help --json`, which is the table that the commands are run by."""

import os
import shutil
import subprocess

from kithlib import DONE, Skip, case, kith_path, main, run_kith, same, wait_until

ASK_BASH = """
source <(kith completions bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_kith
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\\n' "${COMPREPLY[@]}"
"""


def shell(scene, *command):
    """Run something with `kith` in its path; its lines."""
    folder = os.path.join(scene.path, "bin")
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(os.path.join(folder, "kith")):
        os.symlink(kith_path(), os.path.join(folder, "kith"))
    done = subprocess.run(command, cwd=scene.path, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
    same(done.stderr, "", "stderr")
    return done.stdout.splitlines()


def bash(scene, *words):
    """What bash offers for the last of the words."""
    return shell(scene, "bash", "-c", ASK_BASH, "bash", "kith", *words)


def commands():
    return {line["name"]: line for line in run_kith("help", "--json").expect(DONE).lines()}


def options(command):
    return sorted("--" + option["name"] for option in command["options"])


@case("bash completes every command and every option of each, as the table has them")
def _(scene):
    table = commands()
    same(sorted(bash(scene, "")), sorted(table))
    same(bash(scene, "broadc"), ["broadcast"])
    for name, command in table.items():
        same(sorted(bash(scene, name, "--")), options(command), name)
    same(bash(scene, "--home", "up", "send", "--wai"), ["--wait"])


@case("bash completes the values that are known, and knobs")
def _(scene):
    knobs = {"--" + line["knob"] for line in
             run_kith("help", "config", "--json").expect(DONE).lines()}
    assert knobs <= set(bash(scene, "up", "--")), knobs
    same(bash(scene, "up", "--lan", ""), ["yes", "no"])
    same(bash(scene, "send", "--wait", ""), ["delivered"])
    same(sorted(bash(scene, "help", "")), sorted([*commands(), "config"]))
    same(bash(scene, "network", "s"), ["show"])
    os.makedirs(os.path.join(scene.path, "a home"))
    with open(os.path.join(scene.path, "a secret"), "w", encoding="utf-8"):
        pass
    same(bash(scene, "peers", "--home", "a"), ["a home"])
    same(sorted(bash(scene, "up", "--network-passphrase-file", "a")), ["a home", "a secret"])
    same(bash(scene, "up", "--name", ""), [])


@case("targets come from the running node, and a peer's name is never evaluated")
def _(scene):
    hostile = "$(touch trap);`touch trap`'\"\\"
    alice = scene.node("alice")
    others = {scene.node(name, alice).id for name in ("bob", hostile)}
    wait_until("both are there", lambda: others <= alice.online())
    wanted = sorted(["bob", hostile, "#lobby"])
    home = ("--home", alice.home)
    same(sorted(alice.kith("completions", "targets").expect(DONE).out.decode().splitlines()),
         wanted)
    found = bash(scene, *home, "send", "")
    read = [shell(scene, "bash", "-c", f"printf '%s\\n' {word}")[0] for word in found]
    same(sorted(read), wanted)
    same(bash(scene, *home, "send", "bo"), ["bob"])
    same(bash(scene, *home, "disconnect", "\\#lo"), ["\\#lobby"])
    same(bash(scene, *home, "send", "bob", ""), [])
    assert not os.path.exists(os.path.join(scene.path, "trap")), "a name was run"


@case("without a node nothing is offered, and nothing is said")
def _(scene):
    same(bash(scene, "--home", os.path.join(scene.path, "none"), "send", ""), [])


@case("fish completes commands and options")
def _(scene):
    if not shutil.which("fish"):
        raise Skip("no fish here")
    table = commands()
    script = os.path.join(scene.path, "kith.fish")
    with open(script, "wb") as file:
        file.write(run_kith("completions", "fish").expect(DONE).out)

    def fish(line):
        offered = shell(scene, "fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")
        return sorted({word.split("\t")[0] for word in offered})

    same(fish("kith "), sorted(table))
    for name in ("up", "send", "peers"):
        same(fish(f"kith {name} --"), options(table[name]), name)
    same(fish("kith up --lan "), ["no", "yes"])


@case("zsh understands its script, which names every command and option")
def _(scene):
    if not shutil.which("zsh"):
        raise Skip("no zsh here")
    text = run_kith("completions", "zsh").expect(DONE).out.decode()
    script = os.path.join(scene.path, "_kith")
    with open(script, "w", encoding="utf-8") as file:
        file.write(text)
    same(shell(scene, "zsh", "-f", "-n", script), [])
    defined = "_arguments() { print -rl -- $@; state=argument }; words=(NAME); source SCRIPT"
    for name, command in commands().items():
        said = "\n".join(shell(scene, "zsh", "-f", "-c", defined.replace(
            "NAME", name).replace("SCRIPT", script)))
        for option in options(command):
            assert option + "[" in said, (name, option, said)


if __name__ == "__main__":
    main()
