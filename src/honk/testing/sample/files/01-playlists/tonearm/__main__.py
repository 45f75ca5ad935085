"""Serve the page on this machine: python3 -m tonearm [PORT]."""

import sys
from wsgiref.simple_server import make_server

from tonearm.library import load
from tonearm.web import Site

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
with make_server("127.0.0.1", port, Site(load())) as server:
    sys.stderr.write(f"Tonearm on http://127.0.0.1:{server.server_port}\n")
    server.serve_forever()
