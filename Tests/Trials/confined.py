"""Becomes a program that may call no more of the system than the unit lets it: seccomp(2), as systemd sets it up.

    confined.py UNIT PROGRAM ARGUMENT…

Takes SystemCallFilter=, SystemCallErrorNumber=EPERM, RestrictAddressFamilies=, MemoryDenyWriteExecute= (where the kernel
has PR_SET_MDWE), NoNewPrivileges= and UMask= from the unit; what depends on root and namespaces is not tried here.
"""
import ctypes
import os
import socket
import subprocess
import sys

ALLOW, EPERM = 0x7FFF0000, 0x00050001
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 38, 65
# What systemd adds by itself so that a service can be begun at all: execve(2) above all, and exits.
ALWAYS = ["execve", "exit", "exit_group", "rt_sigreturn", "restart_syscall"]


def settings(unit):
    """The lines of [Service], by name."""
    found = {}
    with open(unit) as f:
        for line in f:
            name, mark, value = line.strip().partition("=")
            if mark and not line.startswith("#"):
                found.setdefault(name, []).append(value)
    return found


def calls(group, known={}):
    """The system calls of a group, resolved."""
    if not group.startswith("@"):
        return {group}
    if group not in known:
        text = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True)
        words = [line.strip() for line in text.stdout.splitlines()[1:] if line.startswith(" ")]
        known[group] = set().union(*(calls(word) for word in words if word and not word.startswith("#")))
    return known[group]


def allowed(unit):
    """The system calls that a unit leaves, and the address families."""
    found = settings(unit)
    names = set()
    for value in found["SystemCallFilter"]:
        denies = value.startswith("~")
        for word in value.removeprefix("~").split():
            names = names - calls(word) if denies else names | calls(word)
    families = [int(getattr(socket, word)) for word in found["RestrictAddressFamilies"][0].split()]
    return names | set(ALWAYS), families, found


class Argument(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint), ("operation", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def confine(unit):
    names, families, found = allowed(unit)
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(Argument),
    ]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    context = library.seccomp_init(EPERM)
    for name in names:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue  # One of another architecture.
        if name == "socket":
            for family in families:
                rule = Argument(0, 4, family, 0)  # SCMP_CMP_EQ
                library.seccomp_rule_add_array(context, ALLOW, number, 1, ctypes.byref(rule))
        else:
            library.seccomp_rule_add_array(context, ALLOW, number, 0, None)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if found.get("MemoryDenyWriteExecute") == ["yes"]:
        libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)
    os.umask(int(found["UMask"][0], 8))
    if library.seccomp_load(context) != 0:
        raise OSError("the filter could not be set")


if __name__ == "__main__":
    confine(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])
