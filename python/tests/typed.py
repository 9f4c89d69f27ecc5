"""A program of a user, for scripts/check-stubs; it is never run."""
import anycert
from anycert import exceptions, xsoar


def main() -> None:
    with anycert.Client("hardened", timeout=(3, 10)) as client:
        response = client.get("https://a.example/", params={"a": 1}, retry=anycert.Retry(total=2))
        text: str = response.text
        report = response.report
        if report is not None:
            print(report.verdict, text, [hop.url for hop in response.hops])
        for result in client.batch(["https://a.example/", ("HEAD", "https://b.example/")], concurrency=2):
            print(result.number, result.result().status_code)
        with client.stream("GET", "https://a.example/") as answer:
            print(sum(len(piece) for piece in answer.iter_content(4096)))
    policy = anycert.Policy("pinned", pin=["sha256//x"], until="2100-01-01").relax(anycert.Relaxation.EXPIRED)
    file = anycert.PolicyFile("hosts", ca=["system", "ca.pem"])
    print(file.anchors and file.anchors.ca, anycert.PolicyFile.parse("", ca=b"pem"))
    entry = file.find("a.example", port=8443)
    if entry is not None and policy.until is not None:
        print(entry.policy.rung, policy.until.year, policy.pins[0])
    for check in anycert.look("https://a.example/", policy).checks:
        print(check.id, check.decided_by_pin)
    print(anycert.Client(policy_file=file).explain("https://a.example/"))
    found = anycert.doctor("a.example", ca="ca.pem", progress=lambda target, number, what: print(number))
    if found.least is not None:
        print(found.least.policy.rung, [cause.id for cause in found.causes], found.remedies[0].lines)
    equivalent: anycert.Equivalent = found.elsewhere(anycert.Doctor.clients()[0], 0)
    found.save("seen")
    print(equivalent.fit, equivalent.text, anycert.replay(found.observation(), clients="curl").verdict)
    profile = anycert.Profile.parse("{}", name="box.json")
    profile.set("timeout", 20, source="me")
    known: str | None = profile.value("timeout")
    print(known, profile.source("timeout"), profile.policy.rung, anycert.Profile.keys()[0])
    with anycert.Client(profile=profile, on_first_use=lambda report: "compared") as by_profile:
        print(by_profile.get("status").token_report, by_profile.profile)
    session = anycert.Session(policy_file="hosts")
    session.headers["X"] = "y"
    session.auth = anycert.auth.HTTPBasicAuth("a", "b")
    print(session.get("https://a.example/", allow_redirects=False).next)
    try:
        session.post("https://a.example/", json={}, verify=False, cert=("a", "b")).raise_for_status()
    except exceptions.ConnectionError as error:
        print(error.name, error.message, error.report)


class Integration(xsoar.BaseClient):
    def status(self) -> dict[str, str]:
        answer: dict[str, str] = self._http_request("GET", "/status", retries=2, with_metrics=True)
        print(self.execution_metrics.success + 1)
        return answer


async def later() -> bytes:
    async with anycert.AsyncClient(concurrency=3) as client:
        async with client.stream("GET", "https://a.example/", params={"a": 1}) as answer:
            print(answer.status_code, len(await answer.aread()))
            print([line async for line in answer.aiter_lines(decode_unicode=True)])
        return (await client.get("https://a.example/")).content


