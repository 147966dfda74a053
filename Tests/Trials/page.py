#!/usr/bin/python3
"""Looks at the operators' page as a person does: in a headless Chromium, with hostile callers.

Starts two backends and the gateway, pushes calls whose users are called like markup, and then searches, opens a story,
sends dead letters again, and watches an event come, by mouse and by keyboard, on a desktop and on a phone, light and
dark. Ends with 1 at the first thing that is not as it should be, a message on the browser's console included.

  page.py .build/release/hookgate [--screenshots docs/images]

Needs chromium, chromium-driver and python3-selenium (Debian).
"""
import argparse, http.server, json, os, re, signal, ssl, subprocess, sys, tempfile, threading, time, urllib.parse
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\">", "</script><script>document.title='owned'</script>",
    "\"><svg onload=document.title='owned'>", "javascript:document.title='owned'", "{{7*7}}${7*7}", "\u202eeciLA \u2028",
]


class Backend:
    """Answers every event with a status that can be changed."""

    def __init__(self, status):
        self.status = status
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(backend.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Gateway:
    def __init__(self, program, folder, crm, log):
        subprocess.run([program, "cert", "generate", "--out", folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(f"{folder}/hookgate.yaml", "w") as file:
            file.write(f"""
public_url: https://localhost:8443
event_loops: 2
listeners: [{{address: "127.0.0.1:0", tls: {{certificates: [{{chain: server.pem, key: server.key}}]}}}}]
users: [{{name: sipgate, password: "${{env:PASSWORD}}"}}]
routes: [{{path: /hooks/sipgate, provider: sipgate, users: [sipgate], destinations: [crm, call-log], derive: none}}]
destinations:
  - {{name: crm, url: "http://127.0.0.1:{crm.port}/events"}}
  - {{name: call-log, url: "http://127.0.0.1:{log.port}/events"}}
journal: {{path: journal.sqlite}}
admin: {{address: "127.0.0.1:0"}}
logging: {{level: notice, format: json}}
""")
        self.process = subprocess.Popen([program, "run", "--config", f"{folder}/hookgate.yaml"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env={**os.environ, "PASSWORD": "correct horse"})
        self.port, self.admin = None, None
        for line in self.process.stdout:
            address = re.search(r'"address":"127\.0\.0\.1:(\d+)"', line)
            if '"listening"' in line: self.port = int(address[1])
            if '"listening for operators"' in line: self.admin = int(address[1])
            if self.port and self.admin: break
        assert self.port and self.admin, "the gateway did not start"
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.tls = ssl.create_default_context(cafile=f"{folder}/ca.pem")

    def push(self, event, call, name="Alice", to="4915791234567", **fields):
        form = [("event", event), ("direction", "in"), ("from", "4921112345678"), ("to", to),
                ("callId", call), ("user[]", name), ("userId[]", "w0"), ("fullUserId[]", "1234567w0")]
        if event != "newCall":
            form = [pair for pair in form if "user" not in pair[0].lower()]
        request = urllib.request.Request(f"https://localhost:{self.port}/hooks/sipgate",
                                         urllib.parse.urlencode(form + list(fields.items())).encode())
        import base64
        request.add_header("Authorization", "Basic " + base64.b64encode(b"sipgate:correct horse").decode())
        with urllib.request.urlopen(request, context=self.tls) as response:
            assert response.status == 200

    def refuse(self, **headers):
        """Two that are refused: a stranger with markup in every place, and a number that is none."""
        import base64, http.client
        markup = HOSTILE[0]
        for target, form in [("/nowhere/" + urllib.parse.quote(markup), []),
                             ("/hooks/sipgate", [("event", "newCall"), ("direction", "in"), ("from", "4921112345678 "),
                                                 ("to", "4915791234567"), ("callId", "refused"), ("x", markup)])]:
            connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls)
            connection.request("POST", target, urllib.parse.urlencode(form), {
                "Content-Type": "application/x-www-form-urlencoded", "X-Markup": markup,
                "Authorization": "Basic " + base64.b64encode(b"sipgate:correct horse").decode()})
            response = connection.getresponse()
            self.refused = json.loads(response.read())["request"]
            assert self.refused == response.headers["X-Request-Id"]
            assert response.status in (404, 422)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


class Page:
    def __init__(self, url, size=(1280, 900), dark=False):
        options = webdriver.ChromeOptions()
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                         f"--window-size={size[0]},{size[1]}", "--hide-scrollbars"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.driver.get(url)
        self.dark = dark

    def all(self, selector): return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def wait(self, what, condition):
        try:
            return WebDriverWait(self.driver, 20, poll_frequency=0.1).until(lambda _: condition())
        except Exception as error:
            self.driver.save_screenshot("/tmp/page-failure.png")
            raise AssertionError(f"{what}: not seen; {self.text()[:2000]}") from error

    def text(self): return self.driver.find_element(By.TAG_NAME, "body").text

    def click(self, text, within=""):
        for button in self.all(f"{within} button"):
            if button.text == text: return button.click()
        raise AssertionError(f"no button {text!r}")

    def rows(self): return self.all("tbody tr[data-id]")

    def shot(self, folder, name):
        if folder: self.driver.save_screenshot(f"{folder}/{name}.png")

    def close(self):
        # The browser notes every 404, also that of an id of which nothing is known.
        problems = [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
                    and "/api/requests/000000000000 " not in entry["message"]]
        title = self.driver.title
        self.driver.quit()
        assert not problems, f"the console says: {problems}"
        assert title == "Hookgate", f"a hostile name ran: the title is {title!r}"


def fits(page):
    """Nothing is wider than the window but what scrolls in a box of its own."""
    width = page.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"the page is wider than the window: {width}"


def desktop(gateway, crm, url, folder):
    page = Page(url)
    page.wait("all events", lambda: len(page.rows()) == 13)
    page.wait("readiness", lambda: page.all("#health.good"))
    for name in HOSTILE:
        shown = re.sub("[\u2028\u202e]", lambda match: f"⟨U+{ord(match[0]):04X}⟩", name)
        page.wait(f"the name {name!r} as text", lambda: shown in page.text())
    assert not page.all("tbody img, tbody svg, tbody script"), "a name became an element"
    page.shot(folder, "admin-events")

    # An event comes while somebody looks.
    gateway.push("newCall", "live-call", "Live")
    page.wait("the new event on top", lambda: len(page.rows()) == 14 and "Live" in page.rows()[0].text)
    page.wait("what became of it", lambda: "crm: dead" in page.rows()[0].text)

    # Search, by keyboard alone.
    field = page.all("input[name=call]")[0]
    field.send_keys("transferred", Keys.ENTER)
    page.wait("the search", lambda: len(page.rows()) == 3)
    page.all("input[name=number]")[0].send_keys("000 000 0", Keys.ENTER)
    page.wait("an empty search", lambda: "No events." in page.text())
    page.all("input[name=number]")[0].clear()
    page.all("input[name=number]")[0].send_keys("+49 211 12345678", Keys.ENTER)
    page.wait("a search by number", lambda: len(page.rows()) == 3)

    # The story of one event, opened and closed by keyboard, with its call as a line.
    link = page.rows()[0].find_element(By.CSS_SELECTOR, "button.link")
    link.send_keys(Keys.ENTER)
    page.wait("the story", lambda: page.all("dialog[open]"))
    story = page.all("dialog")[0]
    page.wait("the attempts", lambda: "refused 404" in story.text and "delivered 200" in story.text)
    page.wait("the line of the call", lambda: "call.started" in story.text and "call.ended" in story.text)
    page.shot(folder, "admin-story")
    # Both legs of the transferred call, in their order.
    line = [step.text for step in story.find_elements(By.CSS_SELECTOR, "ol.line:last-of-type li")]
    assert [("leg taken-over" in step, step.split("call.")[1].split(",")[0]) for step in line] == [
        (False, "started"), (False, "answered"), (True, "started"), (True, "answered"), (False, "ended"), (True, "ended"),
    ], f"the line of the call is {line}"
    page.driver.execute_script("document.querySelector('dialog').scrollTo(0, 1e6)")
    page.shot(folder, "admin-call")
    story.send_keys(Keys.ESCAPE)
    page.wait("the story closed", lambda: not page.all("dialog[open]"))

    # The dead letters are sent again, all together, and then one by one.
    for name in ["call", "number"]: page.all(f"input[name={name}]")[0].clear()
    page.all("input[name=call]")[0].send_keys(Keys.ENTER)
    page.click("Dead letters", "nav")
    page.wait("the dead letters", lambda: len(page.rows()) == 14)
    page.shot(folder, "admin-dead-letters")
    crm.status = 200
    page.click("Send all of these again")
    page.wait("the end of the change", lambda: "Sent again: 14" in page.text())

    # Who was refused, and why, by click and by the id of the reply.
    page.click("Refused", "nav")
    page.wait("the refusals", lambda: len(page.rows()) >= 2 and "invalid_number" in page.text())
    assert not page.all("tbody img, tbody svg, tbody script"), "what a stranger sent became an element"
    page.all("input[name=reason]")[0].send_keys("invalid_number", Keys.ENTER)
    page.wait("the search among refusals", lambda: len(page.rows()) == 1)
    page.shot(folder, "admin-refused")
    page.rows()[0].find_element(By.CSS_SELECTOR, "button.link").send_keys(Keys.ENTER)
    page.wait("why it was refused", lambda: page.all("dialog[open]") and "What to do:" in page.all("dialog")[0].text)
    story = page.all("dialog")[0]
    assert "4921112345678" not in story.text and "49*" in story.text, "a number is not masked"
    assert not page.all("dialog img, dialog svg, dialog script"), "what a stranger sent became an element"
    page.shot(folder, "admin-explained")
    story.send_keys(Keys.ESCAPE)
    ask = page.all("input[name=ask]")[0]
    ask.send_keys(gateway.refused, Keys.ENTER)
    page.wait("the story by id", lambda: page.all("dialog[open]") and gateway.refused in page.all("dialog")[0].text)
    page.all("dialog")[0].send_keys(Keys.ESCAPE)
    ask.clear()
    ask.send_keys("transferred", Keys.ENTER)
    page.wait("the story of a call", lambda: page.all("dialog[open]") and "call.ended" in page.all("dialog")[0].text)
    fits(page)
    page.all("dialog")[0].send_keys(Keys.ESCAPE)
    ask.clear()
    ask.send_keys("000000000000", Keys.ENTER)
    page.wait("that nothing is known", lambda: "Nothing is known of this id" in page.text())
    page.click("Destinations", "nav")
    page.wait("the destinations", lambda: "call-log" in page.text() and "half within" in page.text())
    page.shot(folder, "admin-destinations")
    page.click("Configuration", "nav")
    page.wait("the configuration", lambda: "days left" in page.text() and "public_url" in page.text())
    assert "correct horse" not in page.driver.page_source
    fits(page)
    page.close()


def phone(url, folder):
    page = Page(url, (390, 844), dark=True)
    page.wait("all events", lambda: len(page.rows()) == 14)
    ground = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(20, 23, 27)", f"not dark: {ground}"
    fits(page)
    for cell in page.rows()[0].find_elements(By.TAG_NAME, "td"):
        place = cell.rect
        assert place["x"] >= 0 and place["x"] + place["width"] <= 390, f"out of sight: {cell.text!r} at {place}"
    page.shot(folder, "admin-phone")
    page.rows()[0].find_element(By.CSS_SELECTOR, "button.link").click()
    page.wait("the story", lambda: page.all("dialog[open]"))
    fits(page)
    page.click("Close", "dialog")
    # Everything that can be done is reached with the tab key, and shows that it is.
    reached = set()
    for _ in range(40):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.add(page.driver.execute_script("return document.activeElement.textContent || document.activeElement.name"))
    for name in ["Events", "Dead letters", "Refused", "Destinations", "Configuration", "Search", "number", "Explain", "ask"]:
        assert name in reached, f"the tab key does not reach {name}"
    page.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--screenshots", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.screenshots: os.makedirs(arguments.screenshots, exist_ok=True)
    crm, log = Backend(404), Backend(200)
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(os.path.abspath(arguments.program), folder, crm, log)
        try:
            for index, name in enumerate(HOSTILE): gateway.push("newCall", f"hostile-{index}", name)
            # Bob takes a call and hands it to Mary, who becomes a leg of her own.
            bob, mary = "4915791234567", "4915799876543"
            gateway.push("newCall", "transferred", "Bob", xcid="x1")
            gateway.push("answer", "transferred", xcid="x1", user="Bob", userId="w1", fullUserId="1234567w1", answeringNumber=bob)
            gateway.push("newCall", "taken-over", "Mary", to=mary, xcid="x1", diversion=bob)
            gateway.push("answer", "taken-over", to=mary, xcid="x1", user="Mary", userId="w2", fullUserId="1234567w2",
                         answeringNumber=mary)
            gateway.push("hangup", "transferred", xcid="x1", cause="normalClearing", answeringNumber=bob)
            gateway.push("hangup", "taken-over", to=mary, xcid="x1", cause="normalClearing", answeringNumber=mary)
            gateway.push("newCall", "last", "Carol")
            gateway.refuse()
            url = f"http://localhost:{gateway.admin}/"
            desktop(gateway, crm, url, arguments.screenshots)
            phone(url, arguments.screenshots)
        finally:
            status = gateway.stop()
    assert status == 0, f"the gateway ended with {status}"
    print("2 passed, 0 failed")


if __name__ == "__main__":
    main()
