"""Builds the preloaded libraries and small tools in C, once, outside the sources."""
import os
import subprocess
import tempfile

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "interpose")
BUILT = os.path.join(tempfile.gettempdir(), f"hookgate-interpose-{os.getuid()}")


def library(name):
    """The path of a built library (`failing`, `powercut`) or tool (`powercut-undo`, `sink`, `pace`)."""
    source = os.path.join(SOURCES, name + ".c")
    is_tool = name in ("powercut-undo", "sink", "pace")
    target = os.path.join(BUILT, name if is_tool else name + ".so")
    if not os.path.exists(target) or os.path.getmtime(target) < os.path.getmtime(source):
        os.makedirs(BUILT, exist_ok=True)
        kind = ["-lssl", "-lcrypto"] if is_tool else ["-shared", "-fPIC", "-ldl"]
        subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-o", target + ".new", source, *kind, "-pthread"], check=True)
        os.rename(target + ".new", target)
    return target
