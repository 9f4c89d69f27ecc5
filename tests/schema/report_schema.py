#!/usr/bin/env python3
"""Real reports are valid by docs/report-schema.json, every field they have is documented there and in
docs/report-schema.md, and the schema refuses what is no report."""
import copy
import json
import os
import pathlib
import subprocess
import sys

import jsonschema

SOURCE = pathlib.Path(os.environ["ANYCERT_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["ANYCERT_BUILD_DIR"])


def strict(schema):
    """The same schema, but with no field beyond those that it names."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {key: strict(value) for key, value in schema.items()}
    if isinstance(copied.get("properties"), dict) and copied.get("type") == "object":
        copied["additionalProperties"] = False
    return copied


def field_names(schema):
    if isinstance(schema, list):
        for item in schema:
            yield from field_names(item)
    elif isinstance(schema, dict):
        if schema.get("type") == "object":
            yield from schema.get("properties", {})
        for value in schema.values():
            yield from field_names(value)


def samples():
    program = BUILD / "bin/test_report_json"
    folder = pathlib.Path("reports")
    folder.mkdir()
    subprocess.run([program, "--samples", folder], check=True)
    for path in sorted(folder.iterdir()):
        yield path.stem, json.loads(path.read_bytes().decode("utf-8"))


def request_report(report, proxy):
    return {
        "schema": "anycert-request-report/1",
        "request": {"method": "GET", "url": "https://localhost:8443/a"},
        "outcome": {"code": "SUCCESS", "exit_code": 0, "message": ""},
        "hops": [
            {"url": "http://localhost/", "status": 301, "reused": False, "report": None,
             "proxy_report": None},
            {"url": "https://localhost:8443/a", "status": 200, "reused": True, "report": report,
             "proxy_report": proxy},
        ],
        "token_report": proxy,
    }


def broken(report):
    """Changes after which it is no report any more."""
    yield "another schema", lambda r: r.update(schema="anycert-report/2")
    yield "an unknown verdict", lambda r: r.update(verdict="ok")
    yield "a verdict as a number", lambda r: r.update(verdict=1)
    yield "a word for a boolean", lambda r: r.update(peer_authenticated="yes")
    yield "a time with a zone", lambda r: r.update(time="2026-06-01T12:00:00+02:00")
    yield "no checks", lambda r: r.update(checks=[])
    yield "a check without a detail", lambda r: r["checks"][0].pop("detail")
    yield "an unknown check", lambda r: r["checks"][0].update(id="luck")
    yield "a negative depth", lambda r: r["checks"][0].update(depth=-1)
    for field in report:
        yield f"no {field}", lambda r, field=field: r.pop(field)


def fail(sentence):
    sys.exit(f"report_schema: {sentence}")


def validate(validator, name, document):
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    while error is not None and error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    if error is not None:
        fail(f"{name}: at {error.json_path}: {error.message[:300]}")


def main():
    schema = json.loads((SOURCE / "docs/report-schema.json").read_text("utf-8"))
    words = (SOURCE / "docs/report-schema.md").read_text("utf-8")
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    strict_validator = jsonschema.Draft202012Validator(strict(schema))

    reports = dict(samples())
    documents = dict(reports, request=request_report(reports["trust-any"], reports["proxy"]))
    for name, document in documents.items():
        validate(validator, name, document)
        validate(strict_validator, name, document)
    if len(documents) < 10:
        fail(f"only {len(documents)} documents were validated")
    if {report["verdict"] for report in reports.values()} != {"not_checked", "pass", "relaxed", "fail"}:
        fail("the samples do not have every verdict")

    for what, change in broken(reports["trust-any"]):
        document = copy.deepcopy(reports["trust-any"])
        change(document)
        if validator.is_valid(document):
            fail(f"a report with {what} passes for valid")

    for field in sorted(set(field_names(schema))):
        if f"`{field}`" not in words:
            fail(f"docs/report-schema.md does not describe `{field}`")
    for check in reports["good"]["checks"]:
        if f"`{check['id']}`" not in words:
            fail(f"docs/report-schema.md does not describe the check `{check['id']}`")
    print(f"{len(documents)} documents are valid")


if __name__ == "__main__":
    main()
