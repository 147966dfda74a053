"""Hookgate and a stock nginx with the same keys and certificates, for one run of a conformance suite.

Everything on loopback and ports of the system's choice; every process is ended by its own pid.
"""
import datetime
import ipaddress
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
NOW = datetime.datetime.utcfromtimestamp(time.time() - 3600)


class Identity:
    """A certificate with its key."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def issue(name, issuer=None, usage=SERVER, key=None, days=90, ends=None):
    """A certificate; without an issuer an authority's, which signs itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=2))
        .not_valid_after(ends or NOW + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.KeyUsage(
            digital_signature=issuer is not None, key_cert_sign=issuer is None, crl_sign=issuer is None,
            content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        ), critical=True)
    )
    if issuer:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
        )
        if usage == SERVER:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


class Credentials:
    """Servers' and clients' certificates of one run."""

    def __init__(self):
        self.authority = issue("Conformance CA")
        self.ecdsa = issue("localhost", self.authority)
        # Two authorities, as two orders at a public one have: a chain signed by RSA goes with an RSA key.
        self.rsa_authority = issue("Conformance RSA CA", key=rsa.generate_private_key(65537, 2048))
        self.rsa = issue("localhost", self.rsa_authority, key=rsa.generate_private_key(65537, 2048))
        stranger = issue("Another CA")
        self.clients = {
            "good": issue("client", self.authority, CLIENT),
            "good RSA": issue("client", self.authority, CLIENT, rsa.generate_private_key(65537, 2048)),
            "of an unknown authority": issue("client", stranger, CLIENT),
            "expired": issue("client", self.authority, CLIENT, ends=NOW - datetime.timedelta(days=1)),
            "for servers": issue("client", self.authority, SERVER),
            "with a weak key": issue("client", self.authority, CLIENT, rsa.generate_private_key(65537, 1024)),
        }

    def write(self, folder):
        for name, identity in (("ecdsa", self.ecdsa), ("rsa", self.rsa)):
            with open(f"{folder}/{name}.pem", "wb") as f:
                f.write(identity.pem)
            with open(os.open(f"{folder}/{name}.key", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
                f.write(identity.key_pem)
        with open(f"{folder}/ca.pem", "wb") as f:
            f.write(self.authority.pem + self.rsa_authority.pem)


class Server:
    """One running server: `open` asks for no certificate of clients, `closed` demands one."""

    def __init__(self, name, process, open_port, closed_port):
        self.name = name
        self.process = process
        self.address = ("127.0.0.1", open_port)
        self.closed_address = ("127.0.0.1", closed_port)

    def is_running(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def start_hookgate(binary, folder):
    with open(f"{folder}/hookgate.yaml", "w") as f:
        certificates = "[{chain: ecdsa.pem, key: ecdsa.key}, {chain: rsa.pem, key: rsa.key}]"
        limits = "{handshake_timeout: 3s, header_timeout: 3s, body_timeout: 3s}"
        f.write(
            "public_url: https://localhost:8443\nlisteners:\n"
            f"  - address: 127.0.0.1:0\n    tls: {{certificates: {certificates}}}\n    limits: {limits}\n"
            f"  - address: 127.0.0.1:0\n    tls:\n      certificates: {certificates}\n"
            f"      client_certificates: {{mode: required, ca: ca.pem}}\n    limits: {limits}\n"
            'users: [{name: conformance, password: "${env:CONFORMANCE_PASSWORD}"}]\n'
            "routes: [{path: /hooks/sipgate, provider: sipgate, users: [conformance], destinations: [none], durable: false}]\n"
            'destinations: [{name: none, url: "http://127.0.0.1:9/"}]\n'
            "logging: {format: json}\n"
        )
    log = open(f"{folder}/hookgate.log", "wb")
    process = subprocess.Popen(
        [os.path.abspath(binary), "run", "--config", f"{folder}/hookgate.yaml"], stdout=log, stderr=log,
        stdin=subprocess.DEVNULL, env={**os.environ, "CONFORMANCE_PASSWORD": "conformance"},
    )
    while True:
        with open(f"{folder}/hookgate.log", encoding="utf-8", errors="replace") as f:
            lines = [json.loads(line) for line in f.read().splitlines() if '"listening"' in line]
        if len(lines) == 2:
            ports = [int(line["address"].rsplit(":", 1)[1]) for line in lines]
            break
        if process.poll() is not None:
            raise RuntimeError(open(f"{folder}/hookgate.log").read())
        time.sleep(0.02)
    # The log's order is the configuration's or not: only one of them asks for a certificate.
    ports.sort(key=asks_for_certificates)
    return Server("Hookgate", process, *ports)


def asks_for_certificates(port):
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2"], stdin=subprocess.DEVNULL, capture_output=True
    ).stdout
    return b"No client certificate CA names sent" not in shown


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_nginx(folder, attempts=5):
    """Debian's nginx as its manual would set it up today; somebody may take a port that was just free, hence the attempts."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        raise SystemExit("nginx is missing: apt-get install nginx-light")
    ports = free_port(), free_port()
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    common = (
        f"ssl_certificate {folder}/ecdsa.pem; ssl_certificate_key {folder}/ecdsa.key;\n"
        f"ssl_certificate {folder}/rsa.pem; ssl_certificate_key {folder}/rsa.key;\n"
        "location / { return 200 \"ok\\n\"; }\n"
    )
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(
            ("user root;\n" if os.getuid() == 0 else "") +
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log info;\n"
            "events { worker_connections 1024; }\n"
            f"http {{\naccess_log off;\n{temporary}"
            "client_header_timeout 3s; client_body_timeout 3s;\n"
            "ssl_protocols TLSv1.2 TLSv1.3;\n"
            "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
            "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;\n"
            "ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256;\n"
            "ssl_session_tickets on; ssl_session_timeout 1h; ssl_prefer_server_ciphers on;\n"
            f"server {{ listen 127.0.0.1:{ports[0]} ssl http2; {common} }}\n"
            f"server {{ listen 127.0.0.1:{ports[1]} ssl http2; ssl_verify_client on; ssl_client_certificate {folder}/ca.pem; {common} }}\n"
            "}\n"
        )
    errors = open(f"{folder}/nginx.out", "wb")
    process = subprocess.Popen(
        [nginx, "-e", f"{folder}/nginx.log", "-p", folder, "-c", f"{folder}/nginx.conf"], stdout=errors, stderr=errors,
        stdin=subprocess.DEVNULL,
    )
    while process.poll() is None:
        try:
            for port in ports:
                socket.create_connection(("127.0.0.1", port)).close()
            return Server("nginx", process, *ports)
        except ConnectionRefusedError:
            time.sleep(0.02)
    if attempts > 1:
        return start_nginx(folder, attempts - 1)
    raise RuntimeError(open(f"{folder}/nginx.log").read())


class Pair:
    """Both servers and what they serve with; a context."""

    def __init__(self, binary):
        self.binary = binary

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="hookgate-conformance-")
        self.credentials = Credentials()
        self.credentials.write(self.folder)
        self.servers = []
        try:
            self.servers.append(start_hookgate(self.binary, self.folder))
            self.servers.append(start_nginx(self.folder))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder)
