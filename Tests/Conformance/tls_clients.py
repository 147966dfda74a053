"""Certificates of clients, at a listener that demands them."""
from tls_hellos import TLS12, TLS13, talk
from tls_sessions import OK, begun as begun13, served
from tls_classic import begun as begun12
from tls_wire import *

# nginx finishes the handshake and refuses with HTTP's 400.
REFUSED = "answered 400"


def add_to(suite):
    def show13(name, allowed, act):
        def work(peer):
            begun13(peer)
            if peer.request is None:
                return "no certificate was asked for"
            act(peer, peer.pair.credentials.clients)
            peer.finish13()
            return served(peer)
        suite.add(f"clients, 1.3: {name}", allowed, talk(work, closed_listener=True))

    def show12(name, allowed, act):
        def work(peer):
            begun12(peer)
            if not peer.request:
                return "no certificate was asked for"
            act(peer, peer.pair.credentials.clients)
            peer.change12()
            peer.finish12()
            peer.end12()
            return served(peer)
        suite.add(f"clients, 1.2: {name}", allowed, talk(work, closed_listener=True))

    def certify12(peer, identity, ders=None, spoil=lambda s: s, prove=True):
        peer.certify12(identity, ders=ders)
        peer.key12()
        peer.make_keys12()
        if prove:
            peer.prove12(identity, spoil)

    for name, allowed in (
        ("good", "answered 404|answered 200"), ("good RSA", "answered 404|answered 200"), ("of an unknown authority", f"unknown_ca|{REFUSED}"), ("expired", f"certificate_expired|{REFUSED}"),
        ("for servers", f"unsupported_certificate|bad_certificate|{REFUSED}"), ("with a weak key", f"bad_certificate|handshake_failure|unsupported_certificate|insufficient_security|certificate_unknown|{REFUSED}"),
    ):
        show13(name, allowed.split("|"), lambda p, c, n=name: p.certify13(c[n]))
        show12(name, allowed.split("|"), lambda p, c, n=name: certify12(p, c[n]))

    flip = lambda s: s[:-1] + bytes([s[-1] ^ 1])
    show13("none", ("certificate_required", REFUSED), lambda p, c: p.certify13(c["good"], ders=[], omit=True))
    show13("none is shown, Finished at once", "unexpected_message", lambda p, c: None)
    show13("none, and still a proof", ("unexpected_message", "certificate_required", "decode_error"), lambda p, c: p.certify13(c["good"], ders=[]))
    show13("no proof", "unexpected_message", lambda p, c: p.certify13(c["good"], omit=True))
    show13("a proof with a bit flipped", ("decrypt_error", "decode_error"), lambda p, c: p.certify13(c["good RSA"], spoil=flip))
    show13("a proof with a bit flipped, ECDSA", ("decrypt_error", "decode_error"), lambda p, c: p.certify13(c["good"], spoil=flip))
    show13("an empty proof", ("decrypt_error", "decode_error"), lambda p, c: p.certify13(c["good"], spoil=lambda s: b""))
    show13("a proof with PKCS #1", ("illegal_parameter", "handshake_failure"), lambda p, c: p.certify13(c["good RSA"], scheme=0x0401))
    show13("a proof for another kind of key", ("illegal_parameter", "decrypt_error", "decode_error"), lambda p, c: p.certify13(c["good RSA"], spoil=lambda s: s, ders=[c["good"].der]))
    show13("a proof of another key", ("decrypt_error", "decode_error"), lambda p, c: p.certify13(c["of an unknown authority"], ders=[c["good"].der]))
    show13("an empty certificate", ("decode_error", "bad_certificate"), lambda p, c: p.certify13(c["good"], ders=[b""]))
    show13("a certificate cut short", ("decode_error", "bad_certificate"), lambda p, c: p.certify13(c["good"], ders=[c["good"].der[:-9]]))
    show13("noise", ("decode_error", "bad_certificate"), lambda p, c: p.certify13(c["good"], ders=[b"\x30\x82" + bytes(500)]))
    show13("another authority's behind it", ("answered 404", "answered 200"), lambda p, c: p.certify13(c["good"], ders=[c["good"].der, c["of an unknown authority"].der]))
    show13("a context that nobody gave", ("illegal_parameter", "decode_error", "unexpected_message"), lambda p, c: setattr(p, "request", b"x") or p.certify13(c["good"]))

    show12("none", ("handshake_failure", "certificate_required", REFUSED), lambda p, c: certify12(p, c["good"], ders=[], prove=False))
    show12("none is shown", "unexpected_message", lambda p, c: (p.key12(), p.make_keys12()))
    show12("no proof", "unexpected_message", lambda p, c: certify12(p, c["good"], prove=False))
    show12("a proof with a bit flipped", ("decrypt_error", "decode_error"), lambda p, c: certify12(p, c["good"], spoil=flip))
    show12("a proof of another key", ("decrypt_error", "decode_error"), lambda p, c: certify12(p, c["of an unknown authority"], ders=[c["good"].der]))
    show12("a certificate cut short", ("decode_error", "bad_certificate"), lambda p, c: certify12(p, c["good"], ders=[c["good"].der[:-9]]))
    show12("a certificate after the key", "unexpected_message", lambda p, c: (p.key12(), p.certify12(c["good"]), p.make_keys12()))

    def unasked13(peer):
        begun13(peer)
        peer.certify13(peer.pair.credentials.clients["good"])
        return peer.silence()

    suite.add("clients, 1.3: a certificate where none is asked for", "unexpected_message", talk(unasked13))

    def unasked12(peer):
        begun12(peer)
        peer.certify12(peer.pair.credentials.clients["good"])
        return peer.silence()

    suite.add("clients, 1.2: a certificate where none is asked for", "unexpected_message", talk(unasked12))

    def resumed(peer):
        begun13(peer)
        peer.certify13(peer.pair.credentials.clients["good"])
        peer.finish13()
        served(peer)
        if not peer.sessions:
            return "no ticket"
        session = peer.sessions[0]
        other = Peer(peer.server.closed_address)
        other.log = peer.log
        try:
            other.hello(Hello().offer(session))
            other.server_hello()
            other.begin13(session)
            other.finish13()
            return f"{'resumed' if other.is_resumed else 'full handshake'}, {served(other)}"
        finally:
            other.close()

    suite.add("clients, 1.3: a session is resumed with the certificate it was begun with", ("resumed, answered 404", "resumed, answered 200"), talk(resumed, closed_listener=True))

    def carried(peer):
        """A ticket of the listener that asks for nothing, at the one that demands."""
        from tls_sessions import session_of
        session = session_of(peer.server, peer.log)
        peer.hello(Hello().offer(session))
        peer.server_hello()
        peer.begin13(session)
        if peer.is_resumed:
            peer.finish13()
            return f"resumed, {served(peer)}"
        peer.certify13(peer.pair.credentials.clients["good"], ders=[], omit=True)
        peer.finish13()
        return served(peer)

    suite.add("clients, 1.3: a ticket of the listener that demands none", ("certificate_required", REFUSED, f"resumed, {REFUSED}", "illegal_parameter"), talk(carried, closed_listener=True))
