"""The wheel: what pip makes of the tree, in an environment of its own and without the network."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from labcase import LabCase

SOURCE = pathlib.Path(os.environ["ANYCERT_SOURCE_DIR"])
BUILD = os.environ["ANYCERT_BUILD_DIR"]


class Package(LabCase):
    def test_pip_installs_it(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            clean = {key: value for key, value in os.environ.items()
                     if key not in ("PYTHONPATH", "ANYCERT_BIN")}

            def run(*command):
                done = subprocess.run([os.path.join(folder, "bin", command[0]), *command[1:]],
                                      env=clean, text=True, capture_output=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                return done.stdout
            run("pip", "install", "--no-index", "--no-cache-dir", "--disable-pip-version-check",
                "--config-settings", f"build-dir={BUILD}", str(SOURCE / "python"))
            self.assertEqual(
                run("python", "-c", f"import anycert; print(anycert.Client(ca={self.root!r})"
                                    f".get({self.url('bytes/3')!r}).text, anycert.__file__)").split(),
                ["abc", str(next(pathlib.Path(folder).glob(
                    "lib/python*/site-packages/anycert/__init__.py")))])
            self.assertIn("anycert", run("python", "-m", "anycert", "--version"))
            self.assertIn("Name: anycert", run("pip", "show", "anycert"))


if __name__ == "__main__":
    unittest.main()
