#!/usr/bin/env python3
"""Options: what is refused and how, help, and that completions and manual page know the same options."""
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import SOURCE, Case, left_behind, run  # noqa: E402
from ports import closed_port  # noqa: E402

COMMANDS = ["get", "head", "post", "put", "patch", "delete", "request", "test"]
POLICY = ["policy list", "policy explain", "policy check"]
TRUST = ["trust show", "trust list", "trust add", "trust remove", "trust import", "trust export", "trust hash"]
DOCTOR = ["doctor"]
EVERY = COMMANDS + DOCTOR + POLICY + TRUST
URL = "https://localhost:1/"

# What is given, and words that the sentence must have.
REFUSED = [
    ((), "URL"),
    ((URL, URL), "one URL"),
    (("",), "empty"),
    (("--nonsense", URL), "--nonsense"),
    (("--maxtime", "3", URL), "--max-time"),
    (("--cac", "x", URL), "--cac"),
    (("-Z", URL), "-Z"),
    (("--trust",), "--trust needs a value"),
    (("-H",), "--header needs a value"),
    (("--fail=yes", URL), "--fail takes no value"),
    (("--url", URL, URL), "one URL"),
    (("--url", URL, "--url", URL), "one URL"),
    (("--url",), "--url needs a value"),
    (("--ur", URL), "--ur"),
    (("--tlsv1.2=x", URL), "--tlsv1.2 takes no value"),
    (("-D", "-", URL), "-i"),
    (("-4", URL), "--resolve"),
    (("--ipv6", URL), "--resolve"),
    (("-r", "0-1", URL), "Range"),
    (("-e", "x", URL), "Referer"),
    (("-K", "f", URL), "the options themselves"),
    (("-U", "a:b", URL), "-x"),
    (("-U", "a", "-x", "http://localhost:1", URL), "not USER:PASSWORD"),
    (("-U", "a:b", "-x", "http://c:d@localhost:1", URL), "has a user already"),
    (("--proxy-insecure", URL), "--proxy-trust 'trust-any until=DATE'"),
    (("--proxy-cacert", "f", URL), "--proxy-trust"),
    (("--pinnedpubkey", "f", URL), "--pin"),
    (("--max-filesize", "1", URL), "--max-body"),
    (("--tls-max", "1.2", URL), "TLS 1.2 and 1.3"),
    (("--rate", "2/s", URL), "in a profile: rate and burst"),
    (("--rate-limit", "2", URL), "in a profile: rate and burst"),
    (("--limit-rate", "2k", URL), "in a profile: rate and burst"),
    (("--location-trusted", URL), "-L"),
    (("--create-dirs", URL), "folder"),
    (("--retry", "x", URL), "--retry: 'x'"),
    (("--retry", "1001", URL), "1001"),
    (("--retry-delay", "1", URL), "--retry-delay means nothing without --retry"),
    (("--retry-on", "503", URL), "without --retry"),
    (("--retry", "1", "--retry-on", "5xx", URL), "5xx"),
    (("--retry", "1", "--retry-on", "503,", URL), "503,"),
    (("--retry", "1", "--retry-on", "599-500", URL), "599-500"),
    (("--retry", "1", "--retry-delay", "-1", URL), "-1"),
    (("--retry", "1", "--retry-methods", "GET,", URL), "--retry-methods"),
    (("--retry", "1", "--idempotency-header", "a b", URL), "--idempotency-header"),
    (("--retry-all-errors", URL), "--retry-on"),
    (("--retry-max-time", "3", URL), "--max-time"),
    (("--ok-codes", "", URL), "--ok-codes"),
    (("--ok-codes", "200-", URL), "200-"),
    (("--ok-codes", "99", URL), "99"),
    (("-f", "--ok-codes", "200", URL), "-f and --ok-codes"),
    (("--log-level", "loud", URL), "loud"),
    (("--trace", "no/such/file.har", URL), "no/such/file.har"),
    (("--trace", "-", URL), "to a file only"),
    (("--print-curl", "--trace", "x.har", URL), "nothing for --trace"),
    (("--print-curl", "--report", "x.json", URL), "nothing for --report"),
    (("--print-curl", "-w", "x", URL), "nothing for -w"),
    (("--secret-guard", "maybe", URL), "maybe"),
    (("--secret-param", "", URL), "--secret-param"),
    (("--proxy-digest", "--proxy-anyauth", "-x", "http://localhost:1", URL), "exclude each other"),
    (("-d", "@-", "-H", "@-", URL), "-d and -H both read standard input"),
    (("-d", "@-", "-T", "-", URL), "-d and -T both read standard input"),
    (("--json", "@-", "--user-file", "-", URL), "--json and --user-file both"),
    (("--data-urlencode", "q@-", "--data-binary", "@/dev/stdin", URL), "--data-urlencode and --data-binary both"),
    (("-T", "-", "-w", "@-", URL), "-T and -w both"),
    (("-d", "@-", "-d", "@-", URL), "-d reads standard input twice"),
    (("-F", "a", URL), "NAME=CONTENT"),
    (("-F", "=a", URL), "NAME=CONTENT"),
    (("-F", "a=@", URL), "names no file"),
    (("-F", "a=@missing", URL), "missing"),
    (("-F", "a=<missing", URL), "missing"),
    (("-F", "a=b;encoder=base64", URL), "there is no 'encoder'"),
    (("-F", "a=@-", "-F", "b=<-", URL), "-F reads standard input twice"),
    (("-F", "a=b", "-d", "c", URL), "-F and -d cannot be one body"),
    (("-F", "a=b", "--json", "{}", URL), "-F and --json"),
    (("-G", "-F", "a=b", URL), "-G cannot put -F"),
    (("-F", "a=b", "-T", "f", URL), "two bodies"),
    (("--form-string", "a", URL), "NAME=STRING"),
    (("--param", "a", URL), "NAME=VALUE"),
    (("--private-addresses", "no", URL), "--private-addresses: 'no' is none of allowed, not-by-redirect and refused"),
    (("--expect100-timeout", "x", URL), "--expect100-timeout: 'x'"),
    (("-O", URL), "-o"),
    (("-C", "-", URL), "-o"),
    (("-C", "100", "-o", "f", URL), "only -"),
    (("-C", "-", "-i", "-o", "f", URL), "leave out -i"),
    (("-C", "-", "-d", "x", "-X", "POST", URL), "request"),
    (("-X", "POST", URL), "request"),
    # policies
    (("--trust", "", URL), "--trust"),
    (("--trust", "trustany", URL), "trust-any"),
    (("--trust", "off", URL), "off"),
    (("--trust", "hardened+expird", URL), "expired"),
    (("--trust", "hardened until=tomorrow", URL), "until"),
    (("--trust", "hardened", "--trust", "trust-any", URL), "twice"),
    (("-k", "--trust", "hardened", URL), "-k"),
    (("-k", "--allow", "expired", URL), "expired"),
    (("--allow", "", URL), "--allow"),
    (("--allow", "expired,", URL), "--allow"),
    (("--allow", "expird", URL), "expired"),
    (("--allow", "expired,expired", URL), "expired"),
    (("--allow", "expired", "--until", "2020-13-01", URL), "2020-13-01"),
    (("--trust", "hardened+expired until=2030-01-01", "--until", "2030-01-02", URL), "until"),
    (("--until", "", URL), "--until"),
    (("--reason", "", URL), "--reason"),
    (("--pin", "", URL), "--pin"),
    (("--pin", "sha256//abc", URL), "--pin"),
    (("--expect-name", "", URL), "--expect-name"),
    (("--sni", "", URL), "--sni"),
    (("--cacert", "", URL), "--cacert"),
    (("--cacert", "missing.pem", URL), "missing.pem"),
    (("--ca-add", "missing.pem", URL), "missing.pem"),
    (("--cacert", "a.pem", "--ca-add", "b.pem", URL), "--ca-add"),
    (("--trust", "hardened ca=a.pem", "--cacert", "b.pem", URL), "ca="),
    (("--trust", "report-only for=hardened", "--cacert", "b.pem", URL), "for="),
    (("--intermediate", "missing.pem", URL), "missing.pem"),
    (("--cert", "missing.pem", URL), "missing.pem"),
    (("--key", "k.pem", URL), "--cert"),
    (("--pass", "x", URL), "--pass is given, but no --cert"),
    (("--cert-type", "P12", URL), "--cert-type is given, but no --cert"),
    (("--cert", "a.pem", "--cert-type", "DER", URL), "neither PEM nor P12"),
    (("--cert", "a.p12", "--key", "b.pem", URL), "--key is for PEM files"),
    (("--cert", "pkcs11:token=x", "--cert-type", "PEM", URL), "--cert names a token"),
    (("--cert", "missing.p12", URL), "missing.p12"),
    (("--proxy-trust", "trust-any", URL), "proxy"),
    (("--proxy-trust", "nonsense", "-x", "https://localhost:1", URL), "nonsense"),
    # connection
    (("-x", "ftp://localhost:1", URL), "proxy"),
    (("-x", "", URL), "--proxy"),
    (("-x", "http://localhost:1", "--env-proxy", URL), "--env-proxy"),
    (("--max-time", "abc", URL), "abc"),
    (("--max-time", "-1", URL), "-1"),
    (("--max-time", "1e3", URL), "1e3"),
    (("--max-time", "inf", URL), "inf"),
    (("--max-time", "0x10", URL), "0x10"),
    (("--max-time", "99999999999", URL), "99999999999"),
    (("--max-time", ".", URL), "'.'"),
    (("--connect-timeout", "", URL), "--connect-timeout"),
    (("--stall-timeout", "5s", URL), "5s"),
    (("--max-body", "0", URL), "0"),
    (("--max-body", "12x", URL), "12x"),
    (("--max-body", "99999999999999999999", URL), "9999"),
    (("-L", "--max-redirs", "many", URL), "many"),
    (("-L", "--max-redirs", "-1", URL), "-1"),
    (("--max-redirs", "3", URL), "-L"),
    (("--allow-downgrade", URL), "-L"),
    (("--resolve", "nonsense", URL), "nonsense"),
    (("--connect-to", "nonsense", URL), "nonsense"),
    (("--resolve", "m\u00fcnchen.test:443:127.0.0.1", URL), "xn--"),
    (("--connect-to", "m\u00fcnchen.test:443:localhost:1", URL), "xn--"),
    (("--connect-to", "localhost:443:m\u00fcnchen.test:1", URL), "xn--"),
    (("--http1.1", "--http2", URL), "--http2"),
    (("--compressed", "--no-compressed", URL), "--no-compressed"),
    # request
    (("-H", "no colon", URL), "-H"),
    (("-H", "Bad Name: x", URL), "-H"),
    (("-H", "A: x\r\nB: y", URL), "-H"),
    (("-H", "Content-Length: 3", URL), "Content-Length"),
    (("-H", "@missing", URL), "missing"),
    (("--secret-header", "a b", URL), "--secret-header"),
    (("-A", "a\nb", URL), "control"),
    (("-d", "a=b", "-T", "f", URL), "two bodies"),
    (("-d", "a=b", "--json", "{}", URL), "--json"),
    (("-d", "@missing", URL), "missing"),
    (("-T", "missing", URL), "missing"),
    (("-G", URL), "-G"),
    (("-G", "--json", "{}", URL), "--json"),
    (("-I", "-d", "a=b", URL), "HEAD"),
    (("-u", "a:b", "--user-file", "f", URL), "--user-file"),
    (("--user-file", "missing", URL), "missing"),
    (("--user-file", "-", "--user-env", "X", URL), "--user-file and --user-env both say it"),
    (("--user-env", "ANYCERT_NO_SUCH", URL), "--user-env: the variable ANYCERT_NO_SUCH is not set"),
    (("--user-env", "LC_ALL", URL), "not USER:PASSWORD"),
    (("--user-fd", "x", URL), "'x'"),
    (("--user-fd", "77", URL), "descriptor 77"),
    (("--bearer-fd", "0", URL), "descriptor 0 is empty"),
    (("--bearer-fd", "0", "-d", "@-", URL), "-d and --bearer-fd both read standard input"),
    (("--bearer", "a", "-u", "b:c", URL), "-u and --bearer are two ways"),
    (("--api-key", "a", "--bearer", "b", URL), "--bearer and --api-key are two ways"),
    (("--digest", URL), "--digest needs -u"),
    (("--ntlm", URL), "--ntlm needs -u"),
    (("--digest", "--ntlm", "-u", "a:b", URL), "exclude each other"),
    (("--basic", "--digest", "-u", "a:b", URL), "exclude each other"),
    (("-u", "a:b", "https://c:d@localhost:1/"), "-u and the user in the URL are two ways"),
    (("--api-key", "a", "https://c:d@localhost:1/"), "--api-key and the user in the URL are two ways"),
    (("--api-key", "a", "-H", "x-api-key: b", URL), "--api-key and -H both set X-Api-Key"),
    (("--aws-sigv4", "eu:s3", "-u", "a:b", "-H", "Authorization: b", URL), "--aws-sigv4 and -H both set"),
    (("--negotiate", "-u", "a:b", URL), "leave -u out"),
    (("--negotiate", "--bearer", "a", URL), "--negotiate and --bearer are two ways"),
    (("--negotiate", "-H", "Authorization: x", URL), "--negotiate and -H both"),
    (("--api-key-header", "a", URL), "needs --api-key"),
    (("--api-key", "a", "--api-key-header", "X", "--api-key-param", "k", URL), "two places"),
    (("--api-key", "a", "--api-key-header", "b c", URL), "--api-key: "),
    (("--api-key", "a\r\nb", URL), "--api-key: "),
    (("--aws-sigv4", "eu:s3", URL), "-u ACCESS-KEY:SECRET-KEY"),
    (("--aws-sigv4", "eu", "-u", "a:b", URL), "'eu' is not"),
    (("--aws-sigv4", "aws:amz:eu:s3:x", "-u", "a:b", URL), "is not aws:amz:REGION:SERVICE"),
    (("--aws-session-token", "x", URL), "needs --aws-sigv4"),
    (("--oauth2-scope", "x", URL), "--oauth2-token-url"),
    (("--oauth2-token-url", "https://localhost:1/", URL), "--oauth2-client-id"),
    (("--oauth2-token-url", "http://a.example/", "--oauth2-client-id", "a", "--oauth2-client-secret", "b", URL),
     "--oauth2-token-url: "),
    (("--oauth2-token-url", "https://localhost:1/", "--oauth2-client-id", "a", "--oauth2-client-secret", "b",
      "--oauth2-style", "c", URL), "'c'"),
    (("--oauth2-token-url", "https://localhost:1/", "--oauth2-client-id", "a", "--oauth2-client-secret", "b",
      "--oauth2-param", "c", URL), "NAME=VALUE"),
    (("--bearer", "a", "-H", "Authorization: b", URL), "--bearer and -H both set Authorization"),
    (("--bearer", "a", "--oauth2-bearer-file", "b", URL), "--oauth2-bearer-file"),
    (("--bearer", "a\nb", URL), "--bearer"),
    (("--bearer", "", URL), "--bearer"),
    (("-u", "a:b", "-H", "Authorization: x", URL), "Authorization"),
    # output
    (("-o", "", URL), "--output"),
    (("-o", "no/such/folder/file", URL), "no/such/folder/file"),
    (("-o", ".", URL), "directory"),
    (("-o", "new/", URL), "new/"),
    (("--report", "no/such/report.json", URL), "no/such/report.json"),
    (("--report", "-", URL), "-o"),
    (("--report", "same", "-o", "same", URL), "same"),
    (("--format", "xml", URL), "xml"),
    (("-w", "%{http_cod}", URL), "http_code"),
    (("-w", "%{http_code", URL), "}"),
    (("-w", "@missing", URL), "missing"),
]


class Refused(Case):
    def test_wrong_options_are_one_sentence_and_exit_2(self):
        for args, says in REFUSED:
            with self.subTest(args=args):
                self.refused("get", *args, says=says)
                self.assertEqual(left_behind(), [])

    def test_the_same_with_format_json_is_one_object(self):
        import json
        for args, _ in REFUSED:
            if "--format" in args or any("\n" in word for word in args):
                continue
            with self.subTest(args=args):
                result = self.anycert("get", "--format", "json", *args, code=2)
                error = json.loads(result.err)["error"]
                self.assertEqual(error["exit_code"], 2)
                self.assertTrue(error["code"] and error["message"])

    def test_commands_that_do_not_exist(self):
        self.refused("gett", URL, says="did you mean 'get'?")
        self.refused("GET", URL, says="did you mean 'get'?")
        self.refused("Policy", "list", says="did you mean 'policy'?")
        self.refused("policy", "lst", says="did you mean 'list'?")
        self.refused("policy", "EXPLAIN", URL, says="did you mean 'explain'?")
        self.refused("-k", URL, says="write anycert get [OPTION...] URL")
        self.refused("help", "pst", says="did you mean 'post'?")
        self.refused("nonsense", says="anycert help")
        self.refused(URL, says="anycert get URL")
        self.refused("policy", says="list, explain and check")
        self.refused("policy", "nonsense", says="list, explain and check")
        self.refused("help", "nonsense", says="nonsense")

    def test_nothing_given_prints_the_overview_and_fails(self):
        result = self.anycert(code=2)
        self.assertEqual(result.out, "")
        self.assertIn("usage: anycert", result.err)

    def test_an_option_of_others_names_all_of_them(self):
        self.assertRegex(self.refused("policy", "list", "--trust-store", "x"),
                         r"belongs to: get, .*, trust add, trust remove, trust import, trust export, trust hash$")

    def test_policy_check_says_what_it_wants(self):
        self.refused("policy", "check", says="no POLICY or FILE given; see anycert help policy check")
        self.refused("policy", "check", "", says="the POLICY or FILE is empty")
        self.refused("policy", "check", "hardened+expired", "until=2099-01-01", says="spaces goes into quotes")
        self.refused("policy", "check", "nas.example hardened+expired", says="unknown rung 'nas.example'")
        self.refused("policy", "check", "nas.example hardened+expired", says="anycert policy check FILE")
        self.refused("policy", "check", "hardened,expired", says="relaxations are joined with '+'")

    def test_dashes_and_values_that_look_like_options(self):
        port = closed_port()
        self.refused("get", "--", "--insecure", says="--insecure")
        self.assertEqual(run("get", "-d", "--insecure", f"http://127.0.0.1:{port}/").code, 5)

    def test_sentences_name_an_option_once(self):
        self.assertEqual(self.refused("get", "--until", "2099-01-01", URL),
                         "anycert: --until has nothing that could end; add --allow")
        self.assertNotIn("until=", self.refused("get", "--allow", "expired", "--until", "x", URL))
        self.assertNotIn("expect-name", self.refused("get", "--expect-name", ",", URL).split(": ", 2)[2])
        self.assertIn("-x: URL ", self.refused("get", "-x", "foo:bar:", URL))

    def test_secrets_stay_out_of_sentences(self):
        for args in [("-u", "me:s3cret", "--nonsense"), ("-H", "Authorization s3cret"),
                     ("-x", "ftp://me:s3cret@localhost:1"), ("--pasword=s3cret",),
                     ("-H", "X-Key: s3cret\nX: y"), ("https://me:s3cret@",)]:
            with self.subTest(args=args):
                result = run("get", *args, *([] if args[0].startswith("https") else [URL]))
                self.assertEqual(result.code, 2, result)
                self.assertNotIn("s3cret", result.err)


class Help(Case):
    def test_every_way_to_ask_prints_the_same(self):
        self.assertEqual(self.anycert("help").out, self.anycert("--help").out)
        for command in EVERY:
            words = command.split()
            text = self.anycert("help", *words).out
            self.assertEqual(text, self.anycert(*words, "--help").out)
            self.assertEqual(text, self.anycert(*words, "-h").out)
            self.assertIn(f"usage: anycert {command}", text)

    def test_help_about_help_and_policy(self):
        overview = self.anycert("help").out
        self.assertRegex(overview, r"(?m)^  policy check POLICY\|FILE +say whether ")
        for args in (("help", "help"), ("help", "--help"), ("-h",)):
            self.assertEqual(self.anycert(*args).out, overview, args)
        for word, commands in (("policy", POLICY), ("trust", TRUST)):
            text = self.anycert("help", word).out
            for command in commands:
                self.assertRegex(text, rf"(?m)^  {command}( \S+)?  +\w")
            for args in ((word, "--help"), (word, "-h"), (word, "help")):
                self.assertEqual(self.anycert(*args).out, text, args)

    def test_lines_fit_a_screen(self):
        for command in EVERY:
            for line in self.anycert("help", *command.split()).out.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_the_doctor_has_words_of_its_own(self):
        """What an option does with requests is not what it does there."""
        text = " ".join(self.anycert("help", "doctor").out.split())
        for option in ("--policy-file FILE", "--pin sha256//BASE64,...", "--until YYYY-MM-DD", "--reason TEXT"):
            self.assertIn(f" {option} with --apply: ", text)
        self.assertIn("--profile FILE take URL, proxy and trust anchors", text)
        self.assertIn("--verbose print everything", text)
        self.assertIn("HOST:PORT, or - for a list on standard input", text)
        for words in ("no other option says one", "secrets hidden", "credentials and more"):
            self.assertNotIn(words, text)
            self.assertIn(words, " ".join(self.anycert("help", "get").out.split()))
        self.assertNotIn("with --apply", self.anycert("help", "get").out)

    def test_version_names_the_libraries(self):
        for option in ("--version", "-V"):
            text = self.anycert(option).out
            self.assertRegex(text, r"^anycert \d+\.\d+\.\d+\nOpenSSL \d\S+.*\nlibcurl \d+\.\d+\.\d+\n$")


def help_options(command):
    """{long: letter or ""} as help prints them."""
    text = run("help", *command.split()).out
    found = re.findall(r"^  (?:-(\S), |    )--(\S+)", text, re.MULTILINE)
    return {name: letter for letter, name in found}


class InStep(unittest.TestCase):
    """The completions and the manual page have every option of the help, and no other."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.options = {command: help_options(command) for command in EVERY}
        cls.all = {name: letter for options in cls.options.values() for name, letter in options.items()}

    def test_the_help_has_options(self):
        self.assertGreater(len(self.all), 50)
        self.assertEqual(self.all["insecure"], "k")

    def test_bash(self):
        script = SOURCE / "cli/completions/anycert.bash"
        for command, options in self.options.items():
            words = " ".join(["anycert", *command.split(), "--"])
            shell = f". '{script}'; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1));" \
                    "_anycert; printf '%s\\n' \"${COMPREPLY[@]}\""
            offered = subprocess.run(["bash", "--norc", "-c", shell], check=True, capture_output=True, text=True)
            self.assertEqual({word[2:] for word in offered.stdout.split()}, set(options), command)

    def test_bash_knows_which_options_take_a_value(self):
        text = (SOURCE / "cli/completions/anycert.bash").read_text()
        cases = text[text.index("_anycert_value"):text.index("_anycert() {")]
        named = set(re.findall(r"--([\w.-]+)", cases))
        with_value = set()
        for command in EVERY:
            helped = run("help", *command.split()).out
            with_value |= set(re.findall(r"^  (?:-\S, |    )--(\S+) \S", helped, re.MULTILINE))
        self.assertEqual(named, with_value)

    def test_zsh(self):
        text = (SOURCE / "cli/completions/_anycert").read_text()
        pairs = re.findall(r"\{-(\\?\S),--([\w.-]+)\}", text)
        offered = {name: letter.lstrip("\\") for letter, name in pairs}
        for name in re.findall(r"'(?:\([^)]*\))?\*?--([\w.-]+)\[", text):
            offered.setdefault(name, "")
        offered.pop("version")
        self.assertEqual(offered, self.all)

    def test_fish(self):
        text = (SOURCE / "cli/completions/anycert.fish").read_text()
        offered = {}
        for line in text.splitlines():
            name = re.search(r" -l (\S+)", line)
            letter = re.search(r" -s '?([^' ]+)", line)
            if line.startswith("complete ") and name and "__anycert_in lab'" not in line and name.group(1) != "version":
                offered[name.group(1)] = letter.group(1) if letter else ""
        self.assertEqual(offered, self.all)

    def test_manual_pages(self):
        """Each option has its item: in anycert(1), or in a page of the command's own."""
        for page, commands in (("anycert.1", COMMANDS + POLICY + TRUST), ("anycert-doctor.1", DOCTOR), ("anycert-lab.1", ["lab"])):
            text = (SOURCE / "docs/man" / page).read_text()
            documented = {}
            for line in re.findall(r"^\.It Fl (.*)$", text, re.MULTILINE):
                letter = re.match(r"([^-]) ,", line)
                for name in re.findall(r"(?:^|, (?:Fl )?)-(\S+)", line):
                    documented[name] = letter.group(1) if letter else ""
            offered = {}
            for command in commands:
                offered.update(help_options(command))
            if page == "anycert.1":
                documented.pop("version")
            if page == "anycert-doctor.1":  # those of requests stand together; -h is the same everywhere
                offered.pop("help")
                documented.update({name: offered[name] for name in ("proxy",)})
            self.assertEqual(documented, offered, page)

    def test_every_command_has_its_item_in_the_manual_page(self):
        text = (SOURCE / "docs/man/anycert.1").read_text()
        items = {name for line in re.findall(r"^\.It Cm (.*)$", text[:text.index(".Ss Options of the request")], re.MULTILINE)
                 for name in line.split(" , ")}
        overview = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?: [A-Z[]\S*)?  +\S", run("help").out, re.MULTILINE)
        self.assertEqual(set(overview), {*EVERY, "lab", "help"})
        self.assertEqual({*EVERY, "lab", "help"}, items)

    def test_exit_codes_are_in_the_manual_page(self):
        text = (SOURCE / "docs/man/anycert.1").read_text()
        items = set(re.findall(r"^\.It (\d+)$", text[text.index(".Sh EXIT STATUS"):text.index(".Sh EXAMPLES")], re.MULTILINE))
        classes = (SOURCE / "include/anycert/errors.def").read_text()
        codes = set(re.findall(r"ANYCERT_ERROR_CLASS\(\w+, (\d+)", classes))
        verdicts = set(re.findall(r"ANYCERT_VERDICT_\w+ = (\d+)", (SOURCE / "include/anycert/doctor.h").read_text()))
        self.assertTrue(codes and verdicts)
        self.assertEqual(items, codes | (verdicts - {"13"}))  # forbidden gives 11, as impossible does

    def test_relaxations_are_the_library_s(self):
        import json
        known = {row["name"] for row in json.loads(run("policy", "list", "--format", "json").out)["relaxations"]}
        for name, begin, end in [("anycert.bash", "relaxations=\"", "\""),
                                 ("_anycert", "_values -s , relaxation ", "\n}"),
                                 ("anycert.fish", "set -l relaxations ", "\nset -l rungs")]:
            text = (SOURCE / "cli/completions" / name).read_text()
            text = text[text.index(begin) + len(begin):]
            words = set(text[:text.index(end)].replace("\\", " ").split())
            self.assertEqual(words, known, name)

    def test_every_relaxation_is_named_wherever_they_are_listed(self):
        """The library's own list is held against the normative one by test_relaxation.c."""
        import json
        for row in json.loads(run("policy", "list", "--format", "json").out)["relaxations"]:
            name, auth = row["name"], "yes" if row["authenticates"] else "**no**"
            member = "".join("_" if c in "-." else c.upper() for c in name)
            for path, says in (("docs/relaxations.md", f"| `{name}` | {auth} | "), ("README.md", f"| `{name}` | {auth} | "),
                               ("docs/man/anycert-policy.5", f".It Cm {name}\n"),
                               ("python/src/anycert/_relaxation.py", f'    {member} = '),
                               ("python/src/anycert/_relaxation.py", f'"{name}"'),
                               ("tests/unit/test_relaxation.c", f'"{name}", {row["authenticates"]:d}')):
                self.assertIn(says, (SOURCE / path).read_text(), f"{path}: {name}")

    def test_write_out_variables_are_in_the_manual_page(self):
        text = (SOURCE / "docs/man/anycert.1").read_text()
        text = text[text.index(".Sh WRITE-OUT"):text.index(".Sh ENVIRONMENT")]
        documented = {word for line in re.findall(r"^\.It Cm (.*)$", text, re.MULTILINE)
                      for word in line.split(" , ")}
        source = (SOURCE / "cli/writeout.c").read_text()
        rows = set(re.findall(r'^    \{"(\w+)", \w+\},', source, re.MULTILINE))
        self.assertTrue(rows)
        self.assertEqual(documented, rows)


if __name__ == "__main__":
    unittest.main()
