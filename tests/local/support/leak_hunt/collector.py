"""Take what processes export as OpenTelemetry: traces, metrics and logs."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Collector:
    """An OTLP endpoint. Protobuf keeps texts as they are, so the bytes can be searched."""

    def __init__(self) -> None:
        self.received: dict[str, bytearray] = {}
        received, lock = self.received, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                assert "content-encoding" not in self.headers, "compressed bytes hide"
                with lock:
                    received.setdefault(self.path.rpartition("/")[2], bytearray()).extend(body)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
