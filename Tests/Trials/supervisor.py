"""A service manager in small: binds sockets, passes them on, and hears what the gateway says of itself, as systemd does.

sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3).
"""
import os
import select
import socket
import subprocess
import sys
import time

# Puts the sockets where they belong and becomes the program: LISTEN_PID has to be its own number.
LAUNCHER = """
import os, sys
count, program = int(sys.argv[1]), sys.argv[2 + int(sys.argv[1]):]
given = [os.dup(int(number)) for number in sys.argv[2:2 + count]]
high = [os.dup2(number, 200 + index) for index, number in enumerate(given)]
for index, number in enumerate(high):
    os.dup2(number, 3 + index)
os.closerange(3 + count, 256)
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
os.execv(program[0], program)
"""


class Supervisor:
    """Keeps the sockets over any number of starts."""

    def __init__(self, folder, abstract=False, watchdog=0.0):
        self.watchdog = watchdog
        self.sockets = []
        self.path = folder.file("notify")
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if abstract:
            self.address = f"@hookgate-trial-{os.getpid()}"
            self.ear.bind("\0" + self.address[1:])
        else:
            self.address = self.path
            self.ear.bind(self.path)
        self.process = None
        self.heard = []

    def listen(self, name, host="127.0.0.1"):
        """Binds a socket that every start gets; returns its port."""
        made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, 0))
        made.listen(4096)
        self.sockets.append((name, made))
        return made.getsockname()[1]

    def start(self, program, log, environment=None):
        numbers = [str(made.fileno()) for _, made in self.sockets]
        variables = {
            **os.environ, **(environment or {}), "NOTIFY_SOCKET": self.address, "LISTEN_FDS": str(len(numbers)),
            "LISTEN_FDNAMES": ":".join(name for name, _ in self.sockets),
        }
        if self.watchdog:
            variables["WATCHDOG_USEC"] = str(int(self.watchdog * 1e6))
        # What the one before has said last is not this one's.
        while self.listen_to(0) is not None:
            pass
        self.heard = []
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", LAUNCHER, str(len(numbers)), *numbers, *program],
            pass_fds=[int(number) for number in numbers],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=variables,
        )
        return self.process

    def listen_to(self, patience):
        """The next message as a dictionary; None when none comes in time."""
        if not select.select([self.ear], [], [], max(0, patience))[0]:
            return None
        message = dict(
            line.split("=", 1) for line in self.ear.recv(65536).decode().splitlines() if "=" in line
        )
        self.heard.append((time.monotonic(), message))
        return message

    def wait(self, fits, patience=60):
        """Listens until a message fits; None when the time is over or the process ends."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            message = self.listen_to(min(0.1, end - time.monotonic()))
            if message is not None and fits(message):
                return message
            if message is None and self.process.poll() is not None:
                return None
        return None

    def close(self):
        self.ear.close()
        for _, made in self.sockets:
            made.close()
        if not self.address.startswith("@"):
            os.unlink(self.path)
