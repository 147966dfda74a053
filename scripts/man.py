#!/usr/bin/env python3
"""Makes the manual pages: hookgate(1) from what the program says of itself, hookgate.yaml(5) from docs/configuration.md.

    man.py [--check] BINARY

Writes packaging/man/; with --check only compares, and ends with 1 when a page is out of date.
"""
import json
import os
import re
import subprocess
import sys
import textwrap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MONTHS = "January February March April May June July August September October November December".split()


def date():
    """That of the last version, so that a page changes only with its content."""
    with open(os.path.join(ROOT, "CHANGELOG.md")) as f:
        year, month, day = re.search(r"^## \S+ \((\d+)-(\d+)-(\d+)\)", f.read(), re.M).groups()
    return f"{MONTHS[int(month) - 1]} {int(day)}, {year}"


def plain(text):
    """Text that roff takes as it stands."""
    text = text.replace("\\", "\\e").replace("…", "...").replace("–", "\\(en").replace("—", "\\(em")
    text = text.replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"^([.])", r"\\&\1", text)


def sentences(text):
    """Running text: every sentence on a line of its own, so that roff sets the space behind it."""
    text = " ".join(text.split())
    return [plain(piece) for piece in re.split(r"(?<=[.?!]) (?=[A-Z])", text)]


def page(lines):
    """The whole page; text, but no request and no example, is broken at 79 bytes."""
    broken, is_example = [], False
    for line in lines:
        if line.startswith((".Bd", ".Ed")):
            is_example = line.startswith(".Bd")
        if line.startswith(".") or is_example:
            broken.append(line)
        else:
            pieces = textwrap.wrap(line, 79, break_long_words=False, break_on_hyphens=False)
            broken += [re.sub(r"^([.'])", r"\\&\1", piece) for piece in pieces]
    return "\n".join(broken) + "\n"


def prose(text):
    """Paragraphs; what is indented by two blanks is an example."""
    lines = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        running, example = [], []
        for line in part.split("\n"):
            if line.startswith("  "):
                example.append(line[2:].rstrip())
            else:
                running.append(line)
        if running:
            lines += [".Pp", *sentences(" ".join(running))]
        if example:
            lines += [".Bd -literal -offset indent", *map(plain, example), ".Ed"]
    return lines


def signature(command):
    """The synopsis of one command, behind the program's name."""
    words = [".Nm"]
    words.append(".Cm " + " ".join(command["superCommands"][1:] + [command["commandName"]]))
    for argument in command.get("arguments", []):
        if argument["valueName"] in ("help", "version") and argument["kind"] == "flag":
            continue
        value = argument["valueName"]
        dots = " ..." if argument["isRepeating"] else ""
        if argument["kind"] == "positional":
            words.append(f".Op Ar {value}{dots}" if argument["isOptional"] else f".Ar {value}{dots}")
            continue
        flag = "Fl \\-" + argument["preferredName"]["name"].replace("-", "\\-")
        if argument["kind"] == "option":
            flag += f" Ar {value}"
        words.append(f".Op {flag}{dots}" if argument["isOptional"] else f".{flag}{dots}")
    return words


def options(command):
    lines = []
    for argument in command.get("arguments", []):
        if argument["valueName"] in ("help", "version") and argument["kind"] == "flag":
            continue
        if argument["kind"] == "positional":
            head = f".It Ar {argument['valueName']}"
        else:
            names = sorted(argument["names"], key=lambda name: len(name["name"]))
            flags = [
                "Fl " + ("\\-" if name["kind"] == "long" else "") + name["name"].replace("-", "\\-") for name in names
            ]
            head = ".It " + " , ".join(flags) + (f" Ar {argument['valueName']}" if argument["kind"] == "option" else "")
        lines += [head, *sentences(argument.get("abstract") or "See above.")]
        values = argument.get("allValues") or (argument.get("completionKind") or {}).get("list", {}).get("values")
        if values:
            lines.append(plain("One of: " + ", ".join(values) + "."))
        if argument.get("defaultValue"):
            lines.append(f"Default: {plain(argument['defaultValue'])}.")
    return [".Bl -tag -width Ds", *lines, ".El"] if lines else []


def commands(top):
    """All commands that do something, in the program's order."""
    for command in top["subcommands"]:
        if command["commandName"] == "help":
            continue
        children = [child for child in command.get("subcommands", []) if child["commandName"] != "help"]
        yield from children or [command]


def commands_page(binary):
    top = json.loads(subprocess.run([binary, "--experimental-dump-help"], capture_output=True, check=True).stdout)["command"]
    lines = [
        ".\\\" Made by scripts/man.py from the program's own help.",
        f".Dd {date()}", ".Dt HOOKGATE 1", ".Os",
        ".Sh NAME", ".Nm hookgate", f".Nd {plain(top['abstract'][0].lower() + top['abstract'][1:].rstrip('.'))}",
        ".Sh SYNOPSIS",
    ]
    for command in commands(top):
        lines += signature(command)
    lines += [
        ".Nm", ".Fl \\-version",
        ".Sh DESCRIPTION",
        "Hookgate terminates TLS, lets in only who may post, checks and normalises webhooks, stores them, and hands them "
        "as JSON events to HTTP backends in the order of each call, again and again until one has taken them.",
        "Its configuration is described in",
        ".Xr hookgate.yaml 5 .",
        "The commands are:",
    ]
    for command in commands(top):
        lines += [".Ss " + " ".join(command["superCommands"] + [command["commandName"]])]
        body = prose(command["abstract"] + "\n\n" + command.get("discussion", ""))
        lines += (body[1:] if body[0] == ".Pp" else body) + options(command)
    lines += [
        ".Sh SIGNALS",
        ".Nm Cm run",
        "takes:",
        ".Bl -tag -width SIGTERM",
        ".It Dv SIGTERM , Dv SIGINT",
        "Accept nothing more, finish what has begun within",
        ".Cm shutdown_timeout ,",
        "and end.",
        ".It Dv SIGHUP",
        "Read configuration and certificates again; what is wrong leaves everything as it is.",
        ".El",
        ".Sh ENVIRONMENT",
        ".Bl -tag -width Ds",
        ".It Ev NOTIFY_SOCKET , Ev WATCHDOG_USEC , Ev WATCHDOG_PID",
        "Where a service manager hears that the gateway serves, reloads, stops and lives; see",
        ".Xr sd_notify 3 .",
        ".It Ev LISTEN_FDS , Ev LISTEN_PID , Ev LISTEN_FDNAMES",
        "Sockets that it passes; see",
        ".Xr systemd.socket 5 .",
        "A listener takes the one with its",
        ".Cm socket_name ,",
        "else the one that is bound to its",
        ".Cm address .",
        ".It Ev JOURNAL_STREAM",
        "When it names standard error, log lines begin with their level and leave the time to the journal.",
        ".It Ev CREDENTIALS_DIRECTORY",
        "Where",
        ".Ql ${credential:NAME}",
        "looks.",
        ".It Ev GLIBC_TUNABLES , Ev LD_PRELOAD",
        "Without either,",
        ".Nm Cm run",
        "executes itself once with",
        ".Ql glibc.malloc.tcache_count=128 .",
        ".El",
        ".Sh FILES",
        ".Bl -tag -width Ds",
        ".It Pa config/hookgate.yaml",
        "The configuration, unless",
        ".Fl \\-config",
        "names another.",
        ".It Pa /etc/hookgate/hookgate.yaml",
        "The configuration of the service.",
        ".It Pa /var/lib/hookgate/journal.sqlite",
        "Its journal; files with",
        ".Pa \\-wal ,",
        ".Pa \\-shm",
        "and",
        ".Pa .lock",
        "at the end belong to it.",
        ".El",
        ".Sh EXIT STATUS",
        ".Bl -tag -width Ds",
        ".It 0", "Done.", ".It 1", "It failed; standard error says why.", ".It 2", "The arguments make no sense.",
        ".It 78", "The configuration is wrong.",
        ".El",
        ".Sh SEE ALSO",
        ".Xr hookgate.yaml 5 ,",
        ".Xr systemd.service 5",
    ]
    return page(lines)


def inline(text):
    """A cell or paragraph of Markdown as text for roff: links by their words, code without its marks."""
    text = re.sub(r"\[([^\]]*)\]\(([^)]*)\)", lambda m: m[1] if m[1] != "more" else f"see {m[2].split('#')[0]}", text)
    text = re.sub(r"; see (\S+)", r"; see docs/\1", text)
    return text.replace("`", "").replace("\\|", "|").replace("**", "")


def keys_page():
    with open(os.path.join(ROOT, "docs/configuration.md")) as f:
        text = f.read()
    lines = [
        ".\\\" Made by scripts/man.py from docs/configuration.md.",
        f".Dd {date()}", ".Dt HOOKGATE.YAML 5", ".Os",
        ".Sh NAME", ".Nm hookgate.yaml", ".Nd configuration of hookgate",
        ".Sh DESCRIPTION",
    ]
    section = None
    begun = False
    for block in re.split(r"\n\s*\n", text)[1:]:
        if block.startswith("#"):
            title = block.split("\n")[0].lstrip("#").strip()
            lines.append(f".Ss {plain(inline(title))}")
            begun = True
            block = "\n".join(block.split("\n")[1:])
            if not block.strip():
                continue
        if not block.startswith("|"):
            # `listeners`, a list: the words before a table are its heading.
            heading = re.match(r"^`(\w+)`[,;:](.*)", block.replace("\n", " "))
            if heading and block.rstrip().endswith(":"):
                section = heading[1]
                lines.append(f".Ss {section}")
                more = heading[2].strip().rstrip(":").strip()
                if more and more != "a list":
                    lines += sentences(more[0].upper() + more[1:] + ".")
                continue
            if block.startswith("    "):
                lines += [".Bd -literal -offset indent", *(plain(l[4:]) for l in block.split("\n")), ".Ed"]
                continue
            lines += ([".Pp"] if begun and not lines[-1].startswith(".Ss") else []) + sentences(inline(block))
            begun = True
            continue
        rows = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in block.strip().split("\n")
        ]
        heads = rows[0]
        lines.append(".Bl -tag -width Ds")
        for cells in rows[2:]:
            names = re.findall(r"`([^`]*)`", cells[0]) or [cells[0]]
            lines.append(".It " + " , ".join(f"Cm {plain(name)}" for name in names))
            lines += sentences(inline(cells[1][:1].upper() + cells[1][1:]).rstrip(".") + ".")
            for head, cell in zip(heads[2:], cells[2:]):
                if cell:
                    lines += sentences(f"{head.capitalize()}: {inline(cell)}.")
        lines.append(".El")
    lines += [".Sh SEE ALSO", ".Xr hookgate 1"]
    return page(lines)


def main():
    check = "--check" in sys.argv[1:]
    binary = os.path.abspath([word for word in sys.argv[1:] if not word.startswith("--")][0])
    stale = []
    for name, text in (("hookgate.1", commands_page(binary)), ("hookgate.yaml.5", keys_page())):
        path = os.path.join(ROOT, "packaging/man", name)
        old = open(path).read() if os.path.exists(path) else None
        if old != text:
            stale.append(name)
            if not check:
                with open(path, "w") as f:
                    f.write(text)
    if check and stale:
        sys.exit(f"out of date: {', '.join(stale)}; `make man` makes them")
    print("the manual pages are current" if not stale else f"written: {', '.join(stale)}")


main()
