"""A small server that stands for a service: `stand_in.py PORT [how]`, see the ways at the end."""

import atexit
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *_: object) -> None:
        pass


port, how = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
print(f"stand-in on {port}", flush=True)
if how == "broken":
    sys.exit("the stand-in cannot start: no reason")
if how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: (print("asked", time.monotonic_ns(), flush=True), sys.exit(0)))
    atexit.register(lambda: print("ended", time.monotonic_ns(), flush=True))
if how == "slow":
    time.sleep(0.5)
HTTPServer(("127.0.0.1", port), Answers).serve_forever()
