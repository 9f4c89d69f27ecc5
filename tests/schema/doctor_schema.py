#!/usr/bin/env python3
"""Real diagnoses are valid by docs/doctor-schema.json and have nothing that it does not name, the manual page has every
field, and the schema refuses what is no diagnosis."""
import copy
import json
import os
import pathlib
import sys
import unittest

import jsonschema

SOURCE = pathlib.Path(os.environ["ANYCERT_SOURCE_DIR"])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from anycert_cli import run  # noqa: E402
from labservers import lab  # noqa: E402
from report_schema import field_names, strict  # noqa: E402

CONDITIONS = ["good", "expired", "self-signed", "wrong-host", "close", "plain-http", "revoked-staple", "dh-512", "rsa-512",
              "client-cert-required", "rc4", "appliance", "incomplete-chain"]
CLIENTS = "curl,requests,openssl.cnf,go,node,java,wget"


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads((SOURCE / "docs/doctor-schema.json").read_text("utf-8"))
        with lab(*CONDITIONS) as (servers, files):
            out = run("doctor", "--cacert", files["root"], "--format", "json", "--for", CLIENTS,
                      *(server["url"] for server in servers.values()), "localhost:1").out
        cls.diagnoses = json.loads(out)

    def test_diagnoses_are_valid_and_say_nothing_else(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)
        jsonschema.validate(self.diagnoses, strict(self.schema))
        self.assertEqual({one["verdict"] for one in self.diagnoses},
                         {"healthy", "fixable", "relaxable", "impossible", "forbidden", "unreachable"})
        self.assertEqual(len(self.diagnoses), len(CONDITIONS) + 1)

    def test_what_is_none_is_refused(self):
        one = next(one for one in self.diagnoses if one["least"])
        changes = [lambda d: d.update(schema=2), lambda d: d.update(verdict="fine"), lambda d: d.update(port=0),
                   lambda d: d["least"].update(confirmed="yes"), lambda d: d["causes"][0].update(side="ours")]
        changes += [lambda d, field=field: d.pop(field) for field in one]
        for change in changes:
            document = copy.deepcopy(one)
            change(document)
            self.assertFalse(jsonschema.Draft202012Validator(self.schema).is_valid(document))

    def test_one_bad_target_is_a_valid_record(self):
        done = run("doctor", "--format", "json", "a b")
        self.assertEqual(done.code, 2)
        jsonschema.validate(json.loads(done.out), strict(self.schema))

    def test_the_manual_page_has_every_field(self):
        page = (SOURCE / "docs/man/anycert-doctor.1").read_text("utf-8")
        page = page[page.index(".Ss JSON"):].replace(",", " ").split()
        for field in sorted(set(field_names(self.schema))):
            self.assertIn(field, page)


if __name__ == "__main__":
    unittest.main()
