"""Serve the page on this machine: python3 -m tonearm [PORT].

TONEARM_LIBRARY names the library file; without it the shipped one is shown.
"""

import os
import sys
from pathlib import Path
from wsgiref.simple_server import make_server

from tonearm.library import SHIPPED, load
from tonearm.web import Site

port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "8000"))
with make_server("127.0.0.1", port, Site(load(Path(os.environ.get("TONEARM_LIBRARY", SHIPPED))))) as server:
    sys.stderr.write(f"Tonearm on http://127.0.0.1:{server.server_port}\n")
    server.serve_forever()
