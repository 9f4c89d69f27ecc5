#!/usr/bin/env python3
"""An authorization server and a resource server in one, both of oauthlib, over https.

usage: oauth2_server.py PORT CERTIFICATE KEY LIFETIME

POST /token gives tokens for client credentials (RFC 6749 section 4.4); GET /api wants one of the
scope "read"; GET /revoke ends all of them; GET /tokens says how many were given; GET /seen gives the
body of the last token request. Ready when it says so."""
import base64
import http.server
import ssl
import sys
import threading
import urllib.parse

from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

CLIENTS = {"the client": "the secret/&+", "plain": "pl4in-secret-of-the-client"}


class Client:
    def __init__(self, client_id):
        self.client_id = client_id


class Validator(RequestValidator):
    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = {}
        self.given = 0
        self.seen = ""

    def authenticate_client(self, request, *args, **kwargs):
        client_id, secret = request.client_id, request.client_secret
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            pair = base64.b64decode(value).decode()
            client_id, secret = (urllib.parse.unquote_plus(part) for part in pair.split(":", 1))
        if client_id is None or CLIENTS.get(client_id) != secret:
            return False
        request.client = Client(client_id)
        return True

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ["read"]

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return set(scopes) <= {"read", "write"}

    def save_bearer_token(self, token, request, *args, **kwargs):
        with self.lock:
            self.tokens[token["access_token"]] = token["scope"].split()
            self.given += 1
            self.seen = request.body

    def validate_bearer_token(self, token, scopes, request):
        with self.lock:
            return token in self.tokens and set(scopes) <= set(self.tokens[token])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self, status, body, fields=()):
        data = (body or "").encode()
        self.send_response(status)
        for name, value in dict(fields).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        fields, answer, status = server.create_token_response(
            f"https://{self.headers['Host']}{self.path}", "POST", body, dict(self.headers))
        self.respond(status, answer, fields)

    def do_GET(self):
        if self.path == "/api":
            valid, _ = server.verify_request(f"https://{self.headers['Host']}{self.path}", "GET", None,
                                             dict(self.headers), ["read"])
            self.respond(200 if valid else 401, "welcome" if valid else "who are you?")
        elif self.path == "/revoke":
            with validator.lock:
                validator.tokens.clear()
            self.respond(200, "")
        elif self.path == "/tokens":
            self.respond(200, str(validator.given))
        else:
            self.respond(200, validator.seen)

    def log_message(self, *args):
        pass


port, certificate, key, lifetime = sys.argv[1:]
validator = Validator()
server = BackendApplicationServer(validator, token_expires_in=int(lifetime))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
httpd = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
print("ready", flush=True)
httpd.serve_forever()
