#!/bin/sh
# Sends one push with every HTTP client of this machine, each verifying the certificate: curl, openssl, Python's requests,
# Node and Java. Needs a gateway like the one of `make run`.
# usage: clients.sh [AUTHORITY [URL]]
set -u
ca=${1:-certs/ca.pem} url=${2:-https://localhost:8443/hooks/sipgate}
user=sipgate password=${HOOKGATE_PASSWORD:-development}
form='event=newCall&direction=in&from=4921112345678&to=4915791234567&callId=1&user%5B%5D=Alice'
failed=0
report() { # NAME STATUS
    echo "$1: $2"
    [ "$2" = 200 ] || failed=1
}
for version in --http1.0 --http1.1; do
    report "curl $version" "$(curl -s -o /dev/null -w '%{http_code}' $version --cacert "$ca" -u "$user:$password" -d "$form" "$url")"
done
report "curl --anyauth (challenge first)" "$(curl -s -o /dev/null -w '%{http_code}' --anyauth --cacert "$ca" -u "$user:$password" -d "$form" "$url")"
host=${url#https://}; path=/${host#*/}; host=${host%%/*}
basic=$(printf '%s:%s' "$user" "$password" | base64)
report "openssl s_client" "$(printf 'POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
    "$path" "$host" "$basic" "${#form}" "$form" |
    openssl s_client -quiet -ign_eof -verify_return_error -CAfile "$ca" -servername "${host%%:*}" -connect "$host" 2>/dev/null | sed -n '1s/HTTP.1.1 \([0-9]*\).*/\1/p')"
if python3 -c 'import requests' 2>/dev/null; then
    report "Python requests" "$(python3 -c '
import requests, sys
r = requests.post(sys.argv[1], data=sys.argv[2], auth=(sys.argv[3], sys.argv[4]), verify=sys.argv[5],
                  headers={"Content-Type": "application/x-www-form-urlencoded"})
print(r.status_code)' "$url" "$form" "$user" "$password" "$ca")"
fi
if command -v node >/dev/null; then
    report "Node" "$(node -e '
const [url, form, user, password, ca] = process.argv.slice(1);
const request = require("https").request(url, {method: "POST", auth: user + ":" + password, ca: require("fs").readFileSync(ca),
  headers: {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": form.length}}, r => console.log(r.statusCode));
request.on("error", e => console.log(e.message));
request.end(form);' "$url" "$form" "$user" "$password" "$ca")"
fi
if command -v javac >/dev/null; then
    work=$(mktemp -d)
    cat > "$work/Push.java" <<'J'
import java.io.FileInputStream;
import java.net.*;
import java.net.http.*;
import java.security.KeyStore;
import java.security.cert.*;
import javax.net.ssl.*;

public class Push {
    public static void main(String[] a) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int i = 0;
        for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(new FileInputStream(a[4])))
            store.setCertificateEntry("ca" + i++, c);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, trust.getTrustManagers(), null);
        HttpClient client = HttpClient.newBuilder().sslContext(tls).authenticator(new Authenticator() {
            protected PasswordAuthentication getPasswordAuthentication() {
                return new PasswordAuthentication(a[2], a[3].toCharArray());
            }
        }).build();
        System.out.println(client.send(HttpRequest.newBuilder(URI.create(a[0]))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(a[1])).build(), HttpResponse.BodyHandlers.ofString()).statusCode());
    }
}
J
    report "Java (challenge first)" "$(javac -d "$work" "$work/Push.java" && java -cp "$work" Push "$url" "$form" "$user" "$password" "$ca" 2>&1 | tail -1)"
    rm -r "$work"
fi
exit $failed
