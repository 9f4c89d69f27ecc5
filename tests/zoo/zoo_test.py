#!/usr/bin/env python3
"""The doctor's exam: real servers, and what it has to say of each (answers.json).

    zoo_test.py [--show | --search] [--only ID,ID...]

--show prints what the doctor says instead of comparing it, --search which sets of relaxations connect, by trying all (one
condition may take minutes). The names, ports and certificates are drawn anew in each run."""
import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import strangers  # noqa: E402
from ports import free_port  # noqa: E402
from zoo_certificates import Cases, integer, sequence  # noqa: E402
from zoo_conditions import conditions  # noqa: E402

BIN = os.environ["ANYCERT_BIN"]
SEARCH = pathlib.Path(BIN).parent / "zoo_search"
ANSWERS = pathlib.Path(__file__).resolve().parent / "answers.json"
AT_ONCE = 3


def composite_group():
    """A group of 2048 bits whose modulus is no prime."""
    modulus = (1 << 2047) + 3 * 5 * 7 * 11 * (1 << 1000) + 45
    return b"-----BEGIN DH PARAMETERS-----\n" + base64.encodebytes(sequence(integer(modulus), integer(2))) + \
        b"-----END DH PARAMETERS-----\n"


def prepare():
    """Certificates, DH parameters and Go's server in this folder; (cases, path of Go's server)."""
    built = []
    builder = threading.Thread(target=lambda: built.append(strangers.build_go()))
    builder.start()
    cases = Cases()
    pathlib.Path("dh1024.pem").write_text(strangers.oakley_group_2(), encoding="ascii")
    strangers.run(strangers.tool("openssl"), "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt",
                  "group:ffdhe2048", "-out", "dh2048.pem")
    strangers.run(strangers.tool("openssl"), "genpkey", "-algorithm", "RSA", "-out", "stray.key")
    pathlib.Path("dhcomposite.pem").write_bytes(composite_group())
    builder.join()
    return cases, built[0]


def ask(condition, cases, port):
    """What the doctor says, as an object."""
    host = "127.0.0.1" if condition.name is None else cases.names.get(condition.name, condition.name)
    anchors = [] if "--cacert" in condition.options else ["--cacert", "root.pem"]
    resolve = [] if condition.name is None else ["--resolve", f"{host}:{port}:127.0.0.1"]
    done = subprocess.run([BIN, "doctor", "--format", "json", *anchors, *resolve, *condition.options,
                           f"{host}:{port}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120)
    if not done.stdout:
        raise RuntimeError(f"{condition.identifier}: {done.stderr.decode('utf-8', 'replace')}")
    return json.loads(done.stdout)


def answer_of(told):
    """What is compared: the verdict, the causes, and the least policy without the values of its keys."""
    least = told["least"]
    policy = None
    if least:
        rung, *keys = least["policy"].split(" ")
        kept = [key if key.startswith(("check=", "mode=")) else key.partition("=")[0] for key in keys]
        policy = " ".join([rung, *(key for key in kept if key != "ca")])
    return {"verdict": told["verdict"], "least": policy, "causes": [cause["id"] for cause in told["causes"]]}


def search(condition, cases, port):
    """The smallest sets of relaxations that connect."""
    host = "127.0.0.1" if condition.name is None else cases.names.get(condition.name, condition.name)
    anchors = condition.options[condition.options.index("--cacert") + 1] if "--cacert" in condition.options \
        else "root.pem"
    most = "1" if "--timeout" in condition.options else "3"  # where each failure takes its time
    done = subprocess.run([SEARCH, host, str(port), anchors, most], stdout=subprocess.PIPE,
                          check=True)
    return done.stdout.decode("ascii").split()


def examine(condition, cases, how=ask):
    servers = condition.start()
    try:
        for server in servers:
            server.wait()
        port = servers[-1].port if servers else free_port()
        return how(condition, cases, port)
    finally:
        for server in servers:
            server.stop()


def run_all(chosen, how):
    """{id: what came of it, or an exception}."""
    cases, program = prepare()
    found = {}
    for condition in conditions(lambda: program):
        if chosen and condition.identifier not in chosen:
            continue
        found[condition.identifier] = (condition, cases)
    results = {}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = {pool.submit(examine, *pair, how): name for name, pair in found.items()}
        for future in concurrent.futures.as_completed(waiting):
            name = waiting[future]
            try:
                results[name] = future.result()
                if how is search:
                    print("#", name, results[name], file=sys.stderr, flush=True)
            except Exception as error:  # pylint: disable=broad-except
                results[name] = error
    return {name: results[name] for name in found}


def differences(expected, told):
    """What is wrong with an answer, a line each."""
    if isinstance(told, Exception):
        return [str(told)]
    got = answer_of(told)
    if got in expected.get("or", ()):
        return []
    wrong = [f"{key}: {got[key]!r} instead of {expected[key]!r}" for key in got if got[key] != expected[key]]
    least = told["least"]
    if least and not (least["confirmed"] and least["minimal"]):
        wrong.append(f"{least['policy']} is not confirmed to be the least")
    if told["handshakes"] > (3 if got["verdict"] == "healthy" else 25):
        wrong.append(f"{told['handshakes']} handshakes")
    return wrong


def contradictions(answers):
    """What search has found has to be what is expected: a set of relaxations that connects, or none."""
    for name, answer in answers.items():
        rung, *keys = (answer["least"] or "none").split(" ")
        if answer["search"] is None or "expect-name" in keys or rung.startswith("pinned") or "why" in answer:
            continue
        wanted = ["hardened"] if answer["verdict"] in ("healthy", "unreachable") or \
            "client-cert" in "".join(answer["causes"]) else [rung]
        if rung != "none" and rung not in answer["search"] or rung == "none" and \
                answer["search"] not in (wanted, ["none"]):
            yield f"{name}: {rung}, and search finds {answer['search']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print("# network:", "of its own" if strangers.own_network() else "the machine's", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            told = run_all(set(filter(None, options.only.split(","))), search if options.search else ask)
        finally:
            os.chdir("/")
    if options.show or options.search:
        for name, said in told.items():
            shown = str(said) if isinstance(said, Exception) else said if options.search else answer_of(said)
            print(json.dumps(name) + ":", json.dumps(shown) + ",")
        return 0
    answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    if not options.only and set(answers) != set(told):
        print("conditions and answers differ:", sorted(set(answers) ^ set(told)))
        return 1
    for line in contradictions(answers):
        print(line)
        return 1
    failed = {name: wrong for name, said in told.items() if (wrong := differences(answers[name], said))}
    for name, wrong in failed.items():
        print(f"{name}: {'; '.join(wrong)}")
    worst = max((said["handshakes"], name) for name, said in told.items() if not isinstance(said, Exception))
    print(f"score: {len(told) - len(failed)} of {len(told)}; at most {worst[0]} handshakes ({worst[1]})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
