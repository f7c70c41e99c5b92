# SPDX-License-Identifier: MIT
"""Packages of Debian in a folder: those of another processor, and those that are not installed beside others.

Nothing is installed, and the machine's own lists of packages are left as they are. Relies on: apt, dpkg, the
network where the folder has not got them yet.
"""

import pathlib
import shutil
import subprocess


def run(command):
    """Raises OSError with what it said if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          check=False, text=True, errors="replace")
    if done.returncode != 0:
        raise OSError("\n".join([f"exit code {done.returncode}: " + " ".join(command), done.stdout[-1000:]]))


def unpacked(names, processor, folder):
    """The folder under which they lie as they would lie under /."""
    root, begun = folder / processor / "+".join(sorted(names))[:80], folder / processor / "begun"
    if root.is_dir():
        return root
    shutil.rmtree(begun, ignore_errors=True)
    for place in ("state/lists/partial", "cache/archives/partial", "packages", "root"):
        (begun / place).mkdir(parents=True)
    apt = ["apt-get", "-q", "-o", f"Dir::State={begun / 'state'}", "-o", "Dir::State::status=/dev/null",
           "-o", f"Dir::Cache={begun / 'cache'}", "-o", f"APT::Architecture={processor}", "-o", "APT::Sandbox::User=root"]
    run([*apt, "update"])
    run(["env", "-C", str(begun / "packages"), *apt, "download", *names])
    for package in sorted(pathlib.Path(begun / "packages").glob("*.deb")):
        run(["dpkg", "-x", str(package), str(begun / "root")])
    (begun / "root").rename(root)
    shutil.rmtree(begun)
    return root
