#!/usr/bin/env python3
"""Trust on first use on the command line: what is remembered, what is refused, and the commands of the store."""
import json
import os
import pathlib
import pty
import select
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import BIN, Case, lab  # noqa: E402

CONDITIONS = ["good", "self-signed", "untrusted-root", "expired", "tls10-only", "client-cert-required"]
OTHER = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
THIRD = "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
ANY = "tofu mode=accept-new"


class Tofu(Case):
    @classmethod
    def setUpClass(cls):
        cls.context = lab(*CONDITIONS)
        cls.servers, cls.files = cls.context.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.context.__exit__(None, None, None)

    def setUp(self):
        self.home = pathlib.Path("home").absolute()
        self.home.mkdir(mode=0o700)
        self.env = {"HOME": str(self.home), "XDG_STATE_HOME": ""}
        self.store = self.home / ".local/state/anycert/trust"

    def tearDown(self):
        subprocess.run(["rm", "-rf", self.home], check=True)

    def url(self, name):
        return self.servers[name]["url"]

    def authority(self, name):
        return self.url(name).split("/")[2]

    def pin(self, name):
        return self.servers[name]["pin"]

    def trust(self, *args, **kwargs):
        return self.anycert("trust", *args, env=self.env, **kwargs)

    def get(self, name, policy, *args, code=0, **kwargs):
        return self.anycert("get", "--trust", policy, "--cacert", self.files["root"], "-o", "/dev/null", *args,
                            self.url(name), code=code, env=self.env, **kwargs)

    def entries(self):
        return json.loads(self.trust("list", "--format", "json").out)["entries"]


class Requests(Tofu):
    def test_a_key_is_remembered_in_the_home_of_its_user(self):
        result = self.get("self-signed", ANY, "-w", "%{trust} %{authenticated_by}")
        self.assertEqual(result.out, "relaxed none")
        self.assertIn("first contact: its key is believed from now on, " + self.pin("self-signed"), result.err)
        self.assertEqual(stat.S_IMODE(self.store.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.store.parent.stat().st_mode), 0o700)
        result = self.get("self-signed", "tofu mode=strict", "-w", "%{trust} %{authenticated_by}")
        self.assertEqual((result.out, result.err), ("relaxed tofu", ""))
        self.get("good", ANY)
        kinds = {entry["port"]: (entry["kind"], entry["source"]) for entry in self.entries()}
        self.assertEqual(kinds, {self.servers["self-signed"]["port"]: ("pin", "first-use"),
                                 self.servers["good"]["port"]: ("ca", "first-use")})

    def test_the_place_of_the_store(self):
        self.get("self-signed", ANY, "--trust-store", "home/mine")
        self.assertTrue((self.home / "mine").exists())
        self.assertFalse(self.store.exists())
        state = str(self.home / "state")
        self.anycert("get", "--trust", ANY, "-o", "/dev/null", self.url("self-signed"),
                     env={"HOME": "/nonexistent", "XDG_STATE_HOME": state})
        self.assertTrue((self.home / "state/anycert/trust").exists())
        self.env["XDG_STATE_HOME"] = "relative"  # counts as unset
        self.get("self-signed", ANY)
        self.assertTrue(self.store.exists())
        self.refused("get", "--trust", ANY, self.url("good"), env={"HOME": "", "XDG_STATE_HOME": ""},
                     says="--trust-store FILE")
        # Whoever does not ask for it needs no home.
        self.anycert("get", "-o", "/dev/null", "--cacert", self.files["root"], self.url("good"),
                     env={"HOME": "", "XDG_STATE_HOME": ""})

    def test_a_changed_key_is_refused_with_the_command_that_accepts_it(self):
        authority = self.authority("self-signed")
        self.trust("add", authority, "--pin", OTHER)
        for policy in ("tofu", ANY, "tofu mode=strict"):
            text = self.get("self-signed", policy, code=3).err
            self.assertIn("THE KEY HAS CHANGED", text)
            self.assertIn(OTHER, text)
            command = f"anycert trust add {authority} --pin {self.pin('self-signed')}"
            self.assertIn(f"then: {command}\n", text)
            self.assertNotIn("relaxation   none", text)
            self.assertNotIn("pinned pin=", text)
        error = json.loads(self.get("self-signed", "tofu", "--format", "json", code=3).err.splitlines()[-1])["error"]
        self.assertEqual(error["code"], "TRUST_CHANGED")
        self.anycert(*command.split()[1:], env=self.env)
        self.get("self-signed", "tofu")

    def test_where_tls_fails_nothing_is_said_of_a_key(self):
        plain = self.anycert("get", "--cacert", self.files["root"], self.url("tls10-only"), env=self.env, code=4).err
        for policy in ("tofu", ANY, "tofu mode=strict"):
            with self.subTest(policy=policy):
                text = self.get("tls10-only", policy, code=4).err
                self.assertEqual(text.splitlines()[0], plain.splitlines()[0])
                self.assertIn("anycert doctor", text)
                for word in ("--pin", "first contact", "warning", "trust add"):
                    self.assertNotIn(word, text)
        # A key was seen here, and nothing came of it.
        text = self.get("client-cert-required", ANY, code=4).err
        self.assertNotIn("warning", text)
        self.assertNotIn("from now on", text)
        self.assertFalse(self.store.exists())

    def test_what_the_secret_guard_stops_is_not_recorded(self):
        text = self.get("self-signed", ANY, "-u", "a:b", "--secret-guard", "refuse", code=3).err
        self.assertNotIn("from now on", text)
        self.assertFalse(self.store.exists())

    def test_another_store_is_named_in_the_command(self):
        text = self.get("self-signed", "tofu mode=strict", "--trust-store", "home/mine", code=3).err
        self.assertIn(f"--pin {self.pin('self-signed')} --trust-store home/mine\n", text)
        # The sentence says it by itself, for those who see nothing else.
        sentence = text.splitlines()[0]
        self.assertRegex(sentence, "by another way: anycert trust add ")
        command = sentence.split("another way: ")[1]
        self.assertEqual(subprocess.run(["sh", "-c", command], capture_output=True, check=False, env={
            **os.environ, **self.env, "PATH": os.path.dirname(BIN) + ":" + os.environ["PATH"]}).returncode, 0)
        self.assertFalse(self.store.exists())
        self.get("self-signed", "tofu mode=strict", "--trust-store", "home/mine")

    def test_without_a_terminal_nobody_is_asked(self):
        result = subprocess.run(["setsid", "--wait", BIN, "get", "--trust", "tofu", self.url("self-signed")],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                env={**os.environ, **self.env})
        self.assertEqual(result.returncode, 3, result)
        self.assertIn("nobody has said that its key is right", result.stderr)
        self.assertFalse(self.store.exists())

    def ask(self, *answers):
        """A get on a terminal of its own, where the question is answered; exit code, and what the terminal saw."""
        child, terminal = pty.fork()
        if child == 0:
            os.environ.update(self.env)
            os.execvp(BIN, [BIN, "get", "--trust", "tofu", "-o", "/dev/null", self.url("self-signed")])
        seen = b""
        answered = 0
        while select.select([terminal], [], [], 60)[0]:
            try:
                part = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
            if answered < len(answers) and seen.count(b"pin itself) ") + seen.count(b"or the pin: ") > answered:
                os.write(terminal, answers[answered].encode() + b"\n")
                answered += 1
        status = os.waitpid(child, 0)[1]
        os.close(terminal)
        return os.waitstatus_to_exitcode(status), seen.decode()

    def test_on_a_terminal_the_user_is_asked(self):
        for answer in ("y", "", "YES", "yes please", "x" * 200, OTHER):
            code, seen = self.ask(answer, "no")
            self.assertEqual(code, 3, seen)
            self.assertEqual(seen.count("please type yes, no or the pin: "), 1)
            self.assertEqual("That is another pin" in seen, answer == OTHER)
            self.assertIn(self.pin("self-signed"), seen)
            self.assertIn("self-signed certificate", seen)
            self.assertFalse(self.store.exists(), answer)
        self.assertEqual(self.ask("no")[0], 3)
        code, seen = self.ask("y", self.pin("self-signed"))
        self.assertEqual(code, 0, seen)
        self.assertNotIn("not authenticated", seen)
        self.assertNotIn("believed", seen)
        self.assertEqual(self.entries()[0]["source"], "compared")
        self.assertIn("(compared)", self.trust("list").out)
        self.get("self-signed", "tofu")
        self.trust("remove", self.authority("self-signed"))
        code, seen = self.ask("yes")
        self.assertEqual(code, 0, seen)
        self.assertIn("its key is believed from now on", seen)
        self.assertEqual([(e["pins"], e["source"]) for e in self.entries()],
                         [([self.pin("self-signed")], "first-use")])
        self.get("self-signed", "tofu")

    def test_profiles_and_policy_files(self):
        pathlib.Path("box.json").write_text(json.dumps({"url": self.url("self-signed"), "trust": ANY,
                                                        "trust_store": "home/box"}))
        self.anycert("get", "--profile", "box.json", "-o", "/dev/null", env=self.env)
        self.assertTrue((self.home / "box").exists())
        self.assertFalse(self.store.exists())
        self.anycert("get", "--profile", "box.json", "--trust-store", "home/other", "-o", "/dev/null", env=self.env)
        self.assertTrue((self.home / "other").exists())
        pathlib.Path("policies").write_text(f"localhost {ANY}\n")
        self.anycert("get", "--policy-file", "policies", "-o", "/dev/null", self.url("self-signed"), env=self.env)
        self.assertTrue(self.store.exists())
        for name in ("box.json", "policies"):
            pathlib.Path(name).unlink()

    def test_explain_names_the_store(self):
        text = self.anycert("policy", "explain", "--trust", "tofu", self.url("good"), env=self.env).out
        self.assertIn(f"store    {self.store}\n", text)
        self.assertNotIn("store ", self.anycert("policy", "explain", self.url("good"), env=self.env).out)

    def test_a_curl_command_has_the_recorded_key(self):
        def command(name):
            return self.anycert("get", "--trust", "tofu", "--print-curl", self.url(name), env=self.env).out
        self.assertIn("any key, each time", command("self-signed"))
        self.trust("add", self.authority("self-signed"), "--pin", self.pin("self-signed"))
        self.assertIn(f"--pinnedpubkey {self.pin('self-signed')}", command("self-signed").replace("'", ""))
        self.trust("add", self.authority("good"), "--by-ca")
        self.assertNotIn("--insecure", command("good"))

    def test_expiry_goes_back_to_hardened(self):
        self.trust("add", self.authority("self-signed"), "--pin", self.pin("self-signed"))
        self.get("self-signed", "tofu until=2020-01-01", code=3)


class Store(Tofu):
    def test_add_list_remove(self):
        pin = self.pin("good")
        self.assertIn(f"nas.example:443 pin {pin}, first seen 20",
                      self.trust("add", "NAS.example.", "--pin", pin, "--comment", "cellar").out)
        self.trust("add", "[2001:db8::1]:8443", "--pin", pin, "--pin", OTHER)
        self.trust("add", "192.0.2.1:1", "--by-ca")
        self.assertIn("xn--bcher-kva.example:443 ca", self.trust("add", "bücher.example", "--by-ca").out)
        self.trust("remove", "bücher.example")
        lines = self.trust("list").out.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(lines[0].endswith("(added) # cellar"))
        self.assertTrue(lines[1].startswith(f"[2001:db8::1]:8443 pin {pin},{OTHER}, first seen"))
        self.assertTrue(lines[2].startswith("192.0.2.1:1 ca, first seen"))
        entry = self.entries()[1]
        self.assertEqual((entry["host"], entry["port"], entry["kind"], entry["pins"], entry["line"]),
                         ("2001:db8::1", 8443, "pin", [pin, OTHER], 3))
        self.assertIn(f"removed: nas.example:443 pin {pin}, first seen 20", self.trust("remove", "nas.example").out)
        self.assertEqual(len(self.entries()), 2)
        self.assertIn("does not know nas.example:443", self.trust("remove", "nas.example", code=2).err)
        removed = json.loads(self.trust("remove", "192.0.2.1:1", "--format", "json").out)
        self.assertEqual(removed["removed"]["kind"], "ca")

    def test_what_is_replaced_is_shown_with_all_its_pins(self):
        pin = self.pin("self-signed")
        authority = self.authority("self-signed")
        self.assertEqual(len(self.trust("add", authority, "--pin", OTHER, "--pin", THIRD).out.splitlines()), 1)
        text = self.get("self-signed", "tofu", code=3).err
        self.assertIn(f"it was {OTHER} or {THIRD}, first seen", text)
        self.assertIn(f"anycert trust add {authority} --pin {pin}", text)
        lines = self.trust("add", authority, "--pin", pin).out.splitlines()
        self.assertIn(f"pin {pin}, first", lines[0])
        self.assertIn(f"replaced: {authority} pin {OTHER},{THIRD}, first seen", lines[1])
        added = json.loads(self.trust("add", authority, "--by-ca", "--format", "json").out)
        self.assertEqual((added["kind"], added["replaced"]["pins"]), ("ca", [pin]))
        added = json.loads(self.trust("add", "new.example", "--by-ca", "--format", "json").out)
        self.assertEqual((added["host"], added["replaced"]), ("new.example", None))

    def test_no_store_is_not_an_empty_one(self):
        says = f"there is no trust store '{self.store}' yet"
        for command in ("list", "export"):
            self.assertIn(says, self.trust(command).err)
            self.assertIn("there is no trust store 'home/none'",
                          self.trust(command, "--trust-store", "home/none", code=2).err)
        self.assertEqual(self.entries(), [])
        self.assertIn("there is no trust store", self.trust("remove", "a.example", code=2).err)
        self.assertIn("there is no trust store",
                      self.trust("remove", "a.example", "--trust-store", "home/none", code=2).err)
        self.assertEqual(list(pathlib.Path("home").glob("none*")), [])
        result = self.trust("hash")
        self.assertEqual(result.out, "0 names hashed\n")
        self.assertIn(says, result.err)
        self.assertIn("there is no trust store 'home/none'",
                      self.trust("hash", "--trust-store", "home/none", code=2).err)
        self.assertFalse(self.store.exists())
        self.trust("add", "a.example", "--by-ca")
        self.assertFalse(self.store.read_text().startswith("# anycert-trust-store 1 hashed"))
        for command in ("list", "export"):
            self.assertEqual(self.trust(command).err, "")

    def test_the_word_alone_wants_no_store(self):
        """A reason, or a file's name, is no policy."""
        nobody = {"HOME": "", "XDG_STATE_HOME": ""}
        self.anycert("get", "--trust", 'hardened reason="no tofu here"', "-o", "/dev/null", "--cacert",
                     self.files["root"], self.url("good"), env=nobody)
        self.refused("get", "--trust", 'report-only for="tofu mode=strict"', self.url("good"), env=nobody,
                     says="--trust-store FILE")

    def test_what_is_no_entry_is_refused(self):
        for args, says in [(("nas.example",), "--by-ca"), (("nas.example", "--by-ca", "--pin", OTHER), "not both"),
                           (("nas:https", "--by-ca"), "'https' is no number from 1 to 65535"),
                           (("nas.example", "--pin", "sha256//x"), "44 base64"), (("https://nas.example/", "--by-ca"), "URL"),
                           (("nas.example:0", "--by-ca"), "port"), (("nas.example:x", "--by-ca"), "port"),
                           (("2001:db8::1", "--by-ca"), "brackets"), (("*.example", "--by-ca"), "host"),
                           (("nas.example", "--by-ca", "--comment", "a\nb"), "comment"), ((), "HOST:PORT")]:
            with self.subTest(args=args):
                self.refused("trust", "add", *args, env=self.env, says=says)
        self.assertFalse(self.store.exists())
        self.refused("trust", "lst", env=self.env, says="did you mean 'list'")

    def test_import_and_export(self):
        self.trust("add", "a.example", "--by-ca")
        self.trust("add", "b.example", "--pin", OTHER)
        text = self.trust("export").out
        self.assertEqual(text, self.store.read_text())
        pathlib.Path("home/theirs").write_text(text)
        self.trust("remove", "b.example")
        self.assertEqual(self.trust("import", "home/theirs").out, "1 entries taken over\n")
        self.assertEqual(self.trust("import", "-", data=text.encode()).out, "0 entries taken over\n")
        self.trust("add", "b.example", "--by-ca")
        self.assertIn("'home/theirs' line 3", self.trust("import", "home/theirs", code=3).err)
        self.assertIn("line 1", self.trust("import", "-", data=b"nonsense\n", code=2).err)

    def test_hashed_names(self):
        self.trust("add", self.authority("self-signed"), "--pin", self.pin("self-signed"))
        self.assertEqual(json.loads(self.trust("hash", "--format", "json").out), {"hashed": 1})
        self.assertNotIn("localhost", self.store.read_text())
        self.get("self-signed", "tofu mode=strict")
        self.get("untrusted-root", ANY)
        self.assertNotIn("localhost", self.store.read_text())
        self.assertEqual([entry["port"] for entry in self.entries()], [None, None])

    def test_hashing_says_what_it_does_and_answers_have_names(self):
        self.trust("add", "nas.example:443", "--pin", OTHER)
        self.assertIn("this cannot be undone", self.trust("hash").err)
        hashed = self.entries()[0]["host"]
        self.assertTrue(hashed.startswith("|1|"))
        lines = self.trust("add", "nas.example", "--by-ca").out.splitlines()
        self.assertTrue(lines[0].startswith("nas.example:443 ca, first seen"), lines)
        self.assertTrue(lines[1].startswith("replaced: nas.example:443 pin "), lines)
        added = json.loads(self.trust("add", "[2001:db8::1]:444", "--by-ca", "--format", "json").out)
        self.assertEqual((added["host"], added["port"]), ("2001:db8::1", 444))
        self.assertTrue(self.trust("remove", "[2001:db8::1]:444").out.startswith("removed: [2001:db8::1]:444 ca"))
        pathlib.Path("home/theirs").write_text(f"# anycert-trust-store 1\nnas.example:443 pin {OTHER} "
                                               "2026-01-31T12:00:00Z 2026-01-31T12:00:00Z added\n")
        self.assertIn("something else of nas.example:443 than", self.trust("import", "home/theirs", code=3).err)
        self.assertEqual(self.trust("list").out.split(" ")[0], hashed)
        self.assertIn("no entry '|1|x|'", self.trust("remove", "|1|x|", code=2).err)
        self.assertTrue(self.trust("remove", hashed).out.startswith(f"removed: {hashed} ca, first seen"))
        self.assertEqual(self.entries(), [])

    def test_show_says_what_is_known(self):
        url = self.url("self-signed")
        self.assertIn("known        no: ", self.trust("show", url).out)
        self.assertFalse(self.store.exists())  # looking is no first contact
        self.get("self-signed", ANY)
        self.assertIn("; this is the key\n", self.trust("show", url).out)

    def test_show_suggests_nothing_for_a_stranger(self):
        url, authority = self.url("self-signed"), self.authority("self-signed")
        for how, known, none in ((("--pin", OTHER), "; THIS IS ANOTHER KEY\n", "none: this is not the key that the store knows\n"),
                                 (("--by-ca",), "; HARDENED DOES NOT ACCEPT IT ANY MORE\n", "none: the store knows it by its ")):
            with self.subTest(how=how):
                self.trust("add", authority, *how)
                result = self.trust("show", url, code=3)
                self.assertIn(known, result.out)
                self.assertIn(f"\noption       {none}", result.out)
                self.assertIn(f"\nthen         anycert trust add {authority} --pin {self.pin('self-signed')}\n", result.out)
                self.assertNotRegex(result.out, r"(?m)^(policy|command|or) ")
                self.assertRegex(result.err, r"^anycert: localhost:\d+ is not as the trust store knows it; \S.*\n$")
                document = json.loads(self.trust("show", "--format", "json", url, code=3).out)
                self.assertEqual((document["policy"], document["policies"]), (None, []))
        self.assertEqual(document["known"]["kind"], "ca")
        # What stands behind "then", and somebody has compared.
        self.trust("add", authority, "--pin", self.pin("self-signed"), "--pin", OTHER)
        self.assertRegex(self.trust("show", url).out, "(?m)^policy       hardened\\+self-signed .*pin=")

    def test_a_folder_of_everybody_is_no_place_for_a_store(self):
        shared = self.home / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        store = str(shared / "store")
        for args in (("get", "--trust", "tofu mode=ask", self.url("self-signed")), ("get", "--trust", ANY, self.url("self-signed")),
                     ("trust", "add", "b.example", "--by-ca"), ("trust", "show", self.url("self-signed")), ("trust", "list")):
            result = self.anycert(*args, "--trust-store", store, env=self.env, code=2)
            self.assertRegex(result.err, r"^anycert: .*: put it into a folder of your own, as ~/\.local/state/anycert/trust\n$")
        self.assertEqual(list(shared.iterdir()), [])

    def test_a_store_that_others_may_change_is_refused(self):
        self.trust("add", "a.example", "--by-ca")
        self.store.chmod(0o622)
        for args in (("trust", "list"), ("trust", "add", "b.example", "--by-ca"),
                     ("get", "--trust", ANY, self.url("self-signed"))):
            result = self.anycert(*args, env=self.env, code=2)
            self.assertIn("chmod go-w", result.err)
        self.store.chmod(0o600)
        self.store.write_text("# anycert-trust-store 1\nnonsense\n")
        self.assertIn("line 2", self.get("self-signed", ANY, code=2).err)
        self.store.unlink()
        self.store.symlink_to("/dev/null")
        self.assertIn("symbolic link", self.get("self-signed", ANY, code=2).err)

    def test_a_folder_that_cannot_be_written_refuses_new_hosts(self):
        self.trust("add", self.authority("good"), "--by-ca")
        if os.geteuid() == 0:  # whom no mode stops: a file size that does
            command = ["bash", "-c", 'ulimit -f 0; exec "$@"', "-", BIN]
        else:
            self.store.parent.chmod(0o500)
            command = [BIN]
        result = subprocess.run([*command, "get", "--trust", ANY, "--cacert", self.files["root"],
                                 self.url("self-signed")], capture_output=True, text=True,
                                env={**os.environ, **self.env})
        self.store.parent.chmod(0o700)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(self.entries()), 1)

    def test_two_at_once_lose_nothing(self):
        processes = [subprocess.Popen([BIN, "trust", "add", f"h{i}.example", "--by-ca"],
                                      stdout=subprocess.DEVNULL, env={**os.environ, **self.env}) for i in range(12)]
        self.assertEqual([process.wait() for process in processes], [0] * 12)
        self.assertEqual(len(self.entries()), 12)


if __name__ == "__main__":
    unittest.main()
