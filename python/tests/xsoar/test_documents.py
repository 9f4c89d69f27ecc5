"""The examples of docs/moving-an-integration.md do what they say, and its table of differences is complete."""
import contextlib
import io
import pathlib
import re

from common.case import Case
from common.server import Server, answer_json, certificate

DOCUMENT = pathlib.Path(__file__).resolve().parents[3] / "docs" / "moving-an-integration.md"


class Examples(Case):
    def test_they_run(self):
        text = DOCUMENT.read_text("utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(blocks), 5)
        with Server(tls=certificate(), otherwise=answer_json({"status": "ok"})) as server:
            for block in blocks:
                with self.subTest(block):
                    server.reset(otherwise=answer_json({"status": "ok"}))
                    shown = io.StringIO()
                    with contextlib.redirect_stdout(shown):
                        exec(compile(block.replace("https://appliance.example", server.url), "example", "exec"),  # pylint: disable=exec-used
                             {"__name__": "example"})
                    self.assertEqual([seen.target.partition("?")[0] for seen in server.seen], ["/status"])
                    self.assertNotIn("failed", shown.getvalue())
