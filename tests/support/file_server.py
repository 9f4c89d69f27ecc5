"""What a CA's web server has, and one path that leads elsewhere."""
import contextlib
import http.server
import threading


class _Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append(self.path)
        body = self.server.files.get(self.path, b"")
        self.send_response(302 if self.path == "/moved" else 200 if body else 404)
        if self.path == "/moved":
            self.send_header("Location", "/intermediate.der")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *args):
        pass


class FileServer(http.server.ThreadingHTTPServer):
    """files: path to bytes; seen: paths that were asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Files)
        self.files, self.seen = {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()
