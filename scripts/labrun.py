"""Starts `anycert lab` and knows its servers: for the demo and for the commands of the documents."""
import json
import pathlib
import signal
import subprocess


class Lab:
    """The running lab as a context: `servers` by condition name, `files` by name."""

    def __init__(self, anycert, conditions=()):
        self.anycert = str(anycert)
        self.conditions = list(conditions)

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.anycert, "lab", "--json", *self.conditions], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, text=True)
        try:
            description, _ = json.JSONDecoder().raw_decode(self._read_object())
        except (ValueError, OSError):
            self.__exit__()
            raise SystemExit("the lab did not start") from None
        self.servers = {server["name"]: server for server in description["servers"]}
        self.files = {name: pathlib.Path(path) for name, path in description["files"].items()}
        return self

    def _read_object(self):
        """The lab describes itself in one JSON object, then keeps running."""
        text = ""
        for line in self.process.stdout:
            text += line
            try:
                json.loads(text)
                return text
            except ValueError:
                continue
        return text

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
