# SPDX-License-Identifier: MIT
"""The archives of the corpora: what they must be like, and that corpus.py fails where it has to."""

import lzma
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import corpus  # noqa: E402

ARCHIVES = sorted((HERE / "corpus").glob("*.tar.xz"))


def run(*words):
    return subprocess.run([sys.executable, str(HERE / "corpus.py"), *map(str, words)],
                          capture_output=True, text=True, check=False)


class Archives(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)
        self.archive = self.folder / "a.tar.xz"

    def test_each_target_has_a_corpus(self):
        targets = sorted(path.name.replace("_target.cpp", ".tar.xz") for path in HERE.glob("*_target.cpp"))
        self.assertEqual([path.name for path in ARCHIVES], targets)
        self.assertEqual(len(targets), 5)

    def test_what_was_unpacked_packs_to_the_same_archive(self):
        # What is compressed, not how: that is another version of liblzma's to change.
        for archive in ARCHIVES:
            run("unpack", archive, self.folder / archive.stem)
            inputs = {path.name: path.read_bytes() for path in (self.folder / archive.stem).iterdir()}
            self.assertGreaterEqual(len(inputs), 9, archive)
            self.assertEqual(corpus.packed(inputs), lzma.decompress(archive.read_bytes()), archive)

    def test_neither_order_nor_times_nor_owners_change_an_archive(self):
        for name, text in (("b", "2"), ("a", "1")):
            (self.folder / name).write_text(text)
        run("add", self.archive, self.folder / "b", self.folder / "a")
        once = self.archive.read_bytes()
        self.archive.unlink()
        os.utime(self.folder / "a", (5, 5))
        (self.folder / "a").chmod(0o600)
        run("add", self.archive, self.folder / "a", self.folder / "b")
        run("add", self.archive, self.folder / "a")  # known already
        self.assertEqual(self.archive.read_bytes(), once)

    def test_what_is_added_is_unpacked_and_nothing_else(self):
        (self.folder / "new").mkdir()
        for text in ("one", "two"):
            (self.folder / "new" / text).write_text(text)
        self.assertEqual(run("add", self.archive, self.folder / "new").returncode, 0)
        names = sorted(corpus.read(self.archive))
        self.assertEqual(len(names), 2)
        (self.folder / "out").mkdir()
        (self.folder / "out" / "left").touch()  # of an earlier corpus
        self.assertEqual(run("unpack", self.archive, self.folder / "out").returncode, 0)
        self.assertEqual(sorted(path.name for path in (self.folder / "out").iterdir()), names)
        self.assertEqual(run("zip", self.archive, self.folder / "out.zip").returncode, 0)
        self.assertEqual(zipfile.ZipFile(self.folder / "out.zip").namelist(), names)

    def fails(self, *words):
        done = run(*words)
        self.assertEqual(done.returncode, 1, words)
        self.assertRegex(done.stderr, "corpus.py: ")

    def test_an_empty_a_broken_and_a_missing_corpus_fail(self):
        out = self.folder / "out"
        self.fails("unpack", self.folder / "missing.tar.xz", out)
        self.archive.write_bytes(b"no archive")
        self.fails("unpack", self.archive, out)
        self.archive.write_bytes(lzma.compress(corpus.packed({})))
        self.fails("unpack", self.archive, out)
        self.fails("zip", self.archive, out)
        self.archive.write_bytes(lzma.compress(corpus.packed({"../a": b"1"})))
        self.fails("unpack", self.archive, out)
        self.assertFalse(out.exists())
        with self.archive.open("wb") as file, tarfile.open(fileobj=file, mode="w:xz") as tar:
            folder = tarfile.TarInfo("folder")
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        self.fails("unpack", self.archive, out)

    def test_of_nothing_no_archive_is_made(self):
        (self.folder / "empty").mkdir()
        self.fails("add", self.archive, self.folder / "empty")
        self.assertFalse(self.archive.exists())


if __name__ == "__main__":
    unittest.main()
