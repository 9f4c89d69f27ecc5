"""Three small integrations, against a local server: each is the same code on the package and on the stand-in."""
import gc
import json
import pathlib
import tempfile

from common.case import Case
from common.server import Answer, Server, answer_json, certificate
from common.subject import exceptions, sleeps, xsoar
from integrations import feed, inventory, sandbox


class Integrations(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enter_class(Server(tls=certificate()))

    def setUp(self):
        super().setUp()
        self.server.reset(otherwise=answer_json({"error": {"message": "nothing here"}}, 404))

    def metrics(self):
        """What the clients that are gone have told the platform."""
        gc.collect()  # exceptions and their frames refer to each other
        return [{one["Type"]: one["APICallsCount"] for one in entry["APIExecutionMetrics"]}
                for entry in self.platform.entries]


class Inventory(Integrations):
    """A token login and a listing in pages."""

    def setUp(self):
        super().setUp()
        self.tokens, self.calls_left = 0, 2  # a token is good for so many calls
        self.server.answers = {"/api/auth/token": self.token, "/api/devices": self.devices}
        self.items = [{"id": number, "name": f"device \u00e9 {number}"} for number in range(100)]

    def token(self, request):
        if json.loads(request.body) != {"username": "me", "password": "secret"}:
            return answer_json({"error": "no"}, 401)
        self.tokens, self.calls_left = self.tokens + 1, 2
        return answer_json({"token": f"token-{self.tokens}"}, 201)

    def devices(self, request):
        if request.value("authorization") != f"Bearer token-{self.tokens}" or self.calls_left == 0:
            return answer_json({"error": "expired"}, 401)
        self.calls_left -= 1
        query = dict(pair.split("=") for pair in request.target.partition("?")[2].split("&"))
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        end = start + limit
        return answer_json({"items": self.items[start:end], "next": str(end) if end < len(self.items) else None})

    def client(self, password="secret", **kwargs):
        kwargs.setdefault("verify", False)
        return inventory.client_class(xsoar)(self.server.url + "/api", "me", password, **kwargs)

    def test_all_pages(self):
        client = self.client()
        self.assertEqual(client.devices(1000), self.items)
        self.assertEqual(self.tokens, 2)  # the first one was used up
        self.assertIn("fields=id&fields=name", self.server.last.target)
        self.assertEqual(self.server.last.value("accept"), "application/json")
        del client
        self.assertEqual(self.metrics(), [{"Successful": 3, "AuthError": 1}])

    def test_limit(self):
        self.assertEqual(self.client().devices(50), self.items[:50])

    def test_button(self):
        self.assertEqual(inventory.test_module(xsoar, self.client()), "ok")
        self.assertEqual(inventory.test_module(xsoar, self.client("wrong")),
                         "Authorization Error: make sure username and password are correct")
        self.assertEqual(inventory.test_module(xsoar, self.client(verify=True)),
                         "Certificate Error: see 'Trust any certificate'")
        self.assertEqual(inventory.test_module(xsoar, self.client(verify=certificate()[0])), "ok")
        self.server.answers["/api/devices"] = Answer(502)
        self.assertEqual(inventory.test_module(xsoar, self.client()), "Error: Error in API call [502] - Bad Gateway")


class Sandbox(Integrations):
    """An upload and polling."""

    def setUp(self):
        super().setUp()
        pending = answer_json({"state": "running"}, 202, [("Retry-After", "3")])
        self.server.answers = {
            "/files": answer_json({"id": "a1"}, 201), "/analyses/a1": [pending, pending, answer_json({"score": 7})],
            "/analyses/a1/report.json": answer_json({"verdict": "bad"}),
            "/analyses/a1/report.txt": Answer(200, [("Content-Type", "text/plain; charset=utf-8")], "B\u00f6se".encode()),
            "/analyses/a1/report.pdf": Answer(200, [("Content-Type", "application/pdf")], b"%PDF\x00\xff"),
            "/analyses/a1/report.xml": Answer(200, [("Content-Type", "application/xml")], b"<verdict>bad</verdict>")}

    def client(self):
        return sandbox.client_class(xsoar)(self.server.url, "api-key", verify=False)

    def test_upload(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "sample")
            path.write_bytes(bytes(range(256)) * 1000)
            self.assertEqual(self.client().upload(path, "sample.bin", ("one", "two")), "a1")
        (_, one), (_, two), (_, private), (fields, content) = self.server.last.parts()
        self.assertEqual((one, two, private, len(content)), (b"one", b"two", b"true", 256000))
        self.assertEqual(fields["content-disposition"], 'form-data; name="file"; filename="sample.bin"')
        self.assertEqual(self.server.last.value("x-api-key"), "api-key")

    def test_polling(self):
        client, waited = self.client(), []
        self.assertEqual(client.wait("a1", waited.append), {"score": 7})
        self.assertEqual(waited, [3, 3])
        del client
        self.assertEqual(self.metrics(), [{"Successful": 1}])

    def test_reports(self):
        client = self.client()
        self.assertEqual(client.report("a1", "json"), {"verdict": "bad"})
        self.assertEqual(client.report("a1", "txt"), "B\u00f6se")
        self.assertEqual(client.report("a1", "pdf"), b"%PDF\x00\xff")
        self.assertEqual(client.report("a1", "xml").text, "<verdict>bad</verdict>")

    def test_errors(self):
        client = self.client()
        self.fails(client.report, "a2", "json", says="No such analysis: nothing here")
        self.server.answers["/files"] = answer_json({"error": {"message": "no quota left"}}, 429)
        error = self.fails(client.upload, __file__, "x", says="[429] no quota left")
        self.assertEqual(error.error_type, xsoar.ErrorTypes.QUOTA_ERROR)
        del client
        del error
        self.server.answers["/analyses/a1"] = Answer(204)
        self.assertEqual(self.client().delete("a1"), 204)


class Feed(Integrations):
    """Retries and metrics."""

    def setUp(self):
        super().setUp()
        self.slept = self.enter(sleeps())
        busy = Answer(503, body=b"")
        self.server.answers = {
            "/changes.txt": [busy, busy, Answer(200, [("ETag", '"v2"')], b"# feed\na.test\nb.test\nc.test\n"),
                             Answer(429, [("Retry-After", "30")], b""), Answer(304)],
            "/indicators/a.test": answer_json({"score": 1}), "/indicators/c.test": answer_json({"score": 3}),
            "/ignored": answer_json({"items": ["b.test"]})}

    def client(self):
        return feed.client_class(xsoar)(self.server.url, verify=False)

    def test_two_runs(self):
        state, client = {}, self.client()
        self.assertEqual(feed.fetch(client, state), [{"value": "a.test", "score": 1}, {"value": "c.test", "score": 3}])
        self.assertEqual((state, self.slept), ({"since": "v2"}, [4]))
        del client
        self.assertEqual(self.metrics(), [{"Successful": 4}])
        self.server.answers["/ignored"] = answer_json({}, 404)
        self.assertEqual(feed.fetch(self.client(), state), [])
        self.assertEqual(self.slept, [4, 30])
        self.assertEqual([seen.target for seen in self.server.seen][-2], "/changes.txt?since=v2")

    def test_failures(self):
        client = self.client()
        self.server.answers["/changes.txt"] = Answer(503, body=b"down")
        self.fails(client.changes, None, says="Error in API call [503] - Service Unavailable\ndown")
        self.server.answers["/changes.txt"] = Answer(403, body=b"quota is used up")
        self.fails(client.changes, None, says="Error in API call [403] - Forbidden\nquota is used up")
        self.server.answers["/ignored"] = answer_json({}, 500)
        self.fails(client.ignored)
        self.server.answers["/indicators/x"] = "close"
        error = self.fails(client.details, "x")
        self.assertIsInstance(error.exception, exceptions.ConnectionError)
        del client, error
        self.assertEqual(self.metrics(), [
            {"GeneralError": 1, "QuotaError": 1, "ServiceError": 1, "ConnectionError": 1}])
