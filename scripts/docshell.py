"""Commands that documents show, and a shell that runs them. CONTRIBUTING.md has the convention."""
import os
import pathlib
import re
import selectors
import subprocess
import time

FENCE = re.compile(r"^```(\S+)?[ \t]*(\S+)?[ \t]*$")
HOST = re.compile(r"\bhost (\S+\.example) is ([a-z0-9-]+)")
URL = re.compile(r"(https?://)?\b((?:[\w-]+\.)+example)(?![\w.-])(:443)?")
EXIT_STATUS = "echo $?"


class Step:
    """One command with the line where it stands and the output that the document shows."""

    def __init__(self, line, command):
        self.line = line
        self.command = command
        self.output = []


class Document:
    """Steps, files to write and host names of one document."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        text = self.path.read_text(encoding="utf-8")
        self.steps, self.files = [], {}
        self.hosts = dict(HOST.findall(text))
        lines = text.split("\n")
        if self.path.suffix == ".md":
            self._markdown(lines)
        elif self.path.suffix == ".c":
            self.files[self.path.name] = text
            self._shown(((n, re.sub(r"^[ \t]*/?\*+[ \t]{0,5}", "", line)) for n, line in enumerate(lines, 1)
                         if re.match(r"[ \t]*/?\*", line)), needs_prompt=True)
        else:
            self._manual(lines)

    def _markdown(self, lines):
        language = name = None
        block = []
        for number, line in enumerate(lines, 1):
            fence = FENCE.match(line)
            if fence and language is None:
                language, name, block = fence.group(1) or "", fence.group(2), []
            elif line == "```":
                if language == "console":
                    self._shown(block)
                elif name:
                    self.files[name] = "".join(text + "\n" for _, text in block)
                language = None
            elif language is not None:
                block.append((number, line))

    def _manual(self, lines):
        """Literal displays and .Dl lines of mdoc, with the escapes that occur in commands."""
        literal = None
        for number, line in enumerate(lines, 1):
            plain = (line.replace("\\e", "\\").replace("\\-", "-").replace("\\(aq", "'")
                     .replace("\\(dq", '"').replace("\\&", ""))
            if line.startswith(".Bd") and "literal" in line:
                literal = []
            elif line.startswith(".Ed"):
                if literal:
                    self._shown(literal, needs_prompt=True)
                literal = None
            elif literal is not None:
                literal.append((number, plain))
            elif line.startswith(".Dl $ "):
                self._shown([(number, plain[len(".Dl "):])])

    def _shown(self, lines, needs_prompt=False):
        step = None
        for number, line in lines:
            if line.startswith("$ "):
                step = Step(number, line[2:])
                self.steps.append(step)
            elif step and step.command.endswith("\\"):
                step.command = step.command[:-1] + line.strip()
            elif step and line.startswith("> "):
                step.command += "\n" + line[2:]
            elif step and (line or not needs_prompt):
                step.output.append(line)
            elif not line:
                step = None
            elif not needs_prompt:
                raise ValueError(f"{self.path}:{number}: a console block begins with a command")


class Stand:
    """Puts the lab's addresses in for the documents' host names, and takes them out again."""

    def __init__(self, servers, hosts):
        self.servers, self.hosts, self.used = servers, hosts, {}

    def fill_in(self, text):
        def address(match):
            scheme, host, port = match.groups()
            if not scheme and not port:
                return match.group(0)  # a name, not an address
            name = self.hosts.get(host, host.removesuffix(".example"))
            if name not in self.servers:
                raise LookupError(f"'{host}' is neither a condition of the lab nor given one")
            url = self.servers[name]["url"].rstrip("/")
            address = url.split("://")[1]
            self.used[address] = host
            return url if scheme else address
        return URL.sub(address, text)

    def take_out(self, text):
        for address, host in self.used.items():
            text = text.replace(address, host)
        return text


class Shell:
    """One bash; run() gives a command's whole output and its exit status."""

    MARK = "__end_of_step__"

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(
            ["bash", "--norc", "--noprofile"], cwd=folder, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.status = 0

    def run(self, command, limit=60):
        # The exit status of the step before is what the command finds in $?.
        script = f"(exit {self.status})\n{command}\nprintf '\\n{self.MARK} %d\\n' $?\n"
        self.process.stdin.write(script.encode())
        self.process.stdin.flush()
        text = self._read_to_mark(time.monotonic() + limit)
        output, _, status = text.rpartition(f"\n{self.MARK} ")
        self.status = int(status)
        return output, self.status

    def _read_to_mark(self, deadline):
        done = re.compile(rf"\n{self.MARK} \d+\n$".encode())
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not done.search(data):
                if time.monotonic() > deadline:
                    raise TimeoutError(data.decode(errors="replace"))
                if selector.select(timeout=0.5):
                    chunk = self.process.stdout.read()
                    if chunk == b"":
                        raise EOFError("the shell ended: " + data.decode(errors="replace"))
                    data += chunk or b""
        return data.decode(errors="replace")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def missing_line(shown, actual):
    """The first shown line that does not come out in its turn, or None."""
    lines = iter(actual.split("\n"))
    for line in shown:
        if line.strip() in ("", "..."):
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\s*\Z")
        if not any(pattern.match(candidate) for candidate in lines):
            return line
    return None
