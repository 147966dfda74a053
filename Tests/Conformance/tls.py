#!/usr/bin/env python3
"""TLS, conversation by conversation, with Hookgate and with a stock nginx: alerts, ends, and what is agreed on.

    tls.py [--only WORDS] BINARY

The exit status is 1 when Hookgate does what the RFCs do not allow and exceptions.json does not explain it. A conversation
in which somebody is wrong is printed: what was sent and what came. Needs Python's cryptography and nginx.
"""
import sys

import suite
import tls_classic
import tls_clients
import tls_hellos
import tls_sessions
from servers import Pair

conversations = suite.Suite("tls")
for part in (tls_hellos, tls_sessions, tls_classic, tls_clients):
    part.add_to(conversations)

if __name__ == "__main__":
    sys.exit(suite.main(conversations, Pair, sys.argv[1:]))
