#!/usr/bin/env python3
"""Signs again, with botocore, what anycert has signed, and says where the two differ.

usage: sigv4_botocore.py FILE

A line of FILE is one request: tab-separated fields in hexadecimal, namely service, session token,
timestamp, method, URL, body, fields ("Name: value", one a line), Authorization."""
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "us-east-1"


def authorization(service, token, timestamp, method, url, body, fields):
    signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(
        Credentials(ACCESS_KEY, SECRET, token or None), service, REGION)
    request = AWSRequest(method=method, url=url, data=body)
    for line in fields.splitlines():
        name, _, value = line.partition(": ")
        request.headers.add_header(name, value)
    request.context["timestamp"] = timestamp
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)
    return canonical, request.headers["Authorization"]


def main():
    count = wrong = 0
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            row = [bytes.fromhex(field) for field in line.rstrip("\n").split("\t")]
            service, token, timestamp, method, url = (field.decode() for field in row[:5])
            body, fields, ours = row[5], row[6].decode("latin-1"), row[7].decode()
            canonical, theirs = authorization(service, token, timestamp, method, url, body, fields)
            count += 1
            if ours != theirs:
                wrong += 1
                print(f"{method} {url}\n  ours   {ours}\n  theirs {theirs}\n  {canonical!r}")
    print(f"{count} requests, {wrong} signed otherwise")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main())
