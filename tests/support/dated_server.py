"""An HTTPS server that answers with a Date of its own."""
import email.utils
import http.server
import ssl
import threading
import time


class _Answers(http.server.BaseHTTPRequestHandler):
    """With a Date by the server's clock, or without any."""

    def handle_any(self):
        self.server.seen.append(self.command)
        self.send_response_only(200)
        if self.server.off is not None:
            self.send_header("Date", email.utils.formatdate(time.time() + self.server.off, usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = handle_any

    def log_message(self, *args):
        pass


class DatedServer(http.server.ThreadingHTTPServer):
    """NAME.pem and NAME.key; off is by how many seconds its clock is ahead, None for no Date."""
    daemon_threads = True

    def __init__(self, name):
        super().__init__(("127.0.0.1", 0), _Answers)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.off, self.seen = 0, []
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def handle_error(self, request, client_address):
        """Clients that refuse the certificate."""

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()
