#!/usr/bin/env python3
"""The systemd units: are they valid, how much do they leave, and does the gateway get by with that?

    unit.py BINARY

`systemd-analyze verify` has to be silent, `systemd-analyze security` to find an exposure of 2.0 at most. Then the gateway
runs under the unit's own filter of system calls and address families: it is pushed to, reloads, is stopped and started.
"""
import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys

from kit import PASSWORD, Backend, Client, Folder, Gateway, Ledger, finish, reckon
from supervisor import Supervisor

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = os.path.join(HERE, "../../packaging/systemd")
MOST = 2.0

binary = os.path.abspath(sys.argv[1])
for tool in ("systemd-analyze",):
    if shutil.which(tool) is None:
        sys.exit(f"{tool} is missing: apt-get install systemd")


def analyze(folder, problems):
    """Verifies the units, with the binary where it is, and returns the exposure of the service."""
    for name in ("hookgate.service", "hookgate.socket"):
        with open(os.path.join(UNITS, name)) as f:
            text = f.read().replace("/usr/bin/hookgate", binary)
        with open(folder.file(name), "w") as f:
            f.write(text)
    paths = [folder.file("hookgate.service"), folder.file("hookgate.socket")]
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *paths], capture_output=True, text=True
    )
    if verified.returncode != 0 or verified.stderr.strip():
        problems.append(f"systemd-analyze verify: {verified.stderr.strip()}")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", paths[0]], capture_output=True, text=True
    )
    exposure = float(re.search(r"exposure level[^:]*: ([0-9.]+)", judged.stdout)[1])
    if exposure > MOST:
        problems.append(f"the exposure is {exposure}, more than {MOST}:\n{judged.stdout}")
    return exposure


class Confined(Gateway):
    """A gateway that a service manager starts with the unit's restrictions."""

    async def begin(self, supervisor):
        self.log = open(self.folder.file("gateway.log"), "ab")
        program = [sys.executable, os.path.join(HERE, "confined.py"), self.folder.file("hookgate.service")]
        self.process = supervisor.start(
            [*program, binary, "run", "--config", self.config], self.log, {"HOOKGATE_TRIAL_PASSWORD": PASSWORD}
        )
        return await asyncio.to_thread(supervisor.wait, lambda message: message.get("READY") == "1")


async def main():
    folder = Folder("unit")
    problems = []
    exposure = analyze(folder, problems)
    backend = await Backend(1).start()
    gateway = Confined(binary, folder, {"crm": backend})
    supervisor = Supervisor(folder, watchdog=2.0)
    gateway.port = supervisor.listen("https")
    with open(gateway.config) as f:
        text = f.read()
    # A name, because resolving one wants more of the system than an address does.
    text = text.replace(f"http://127.0.0.1:{backend.port}", f"http://localhost:{backend.port}")
    with open(gateway.config, "w") as f:
        f.write(text.replace("address: 127.0.0.1:0\n    tls", "address: 127.0.0.1:0\n    socket_name: https\n    tls"))
    ledger = Ledger()
    for _ in range(2):
        if await gateway.begin(supervisor) is None:
            problems.append("the gateway does not start under the filter; its log says why")
            finish("unit", {"exposure": exposure}, problems, folder)
        over = False
        clients = [asyncio.create_task(Client(gateway, f"c{n}-{_}", ledger).run(lambda: over)) for n in range(4)]
        await asyncio.sleep(1)
        gateway.process.send_signal(signal.SIGHUP)
        if await asyncio.to_thread(supervisor.wait, lambda m: "RELOADING" in m, 20) is None:
            problems.append("no reload")
        await asyncio.sleep(1)
        over = True
        await asyncio.gather(*clients)
        if gateway.stop() != 0:
            problems.append("it did not end as it should")
    # What is left is delivered by a gateway that nothing confines.
    await gateway.start()
    audit = await gateway.settle()
    gateway.stop()
    supervisor.close()
    figures, wrong = reckon(ledger, backend, audit)
    with open("/proc/version") as f:
        kernel = f.read().split()[2]
    finish("unit", {"exposure": exposure, "kernel": kernel, **figures}, problems + wrong, folder)


asyncio.run(main())
