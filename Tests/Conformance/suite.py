"""Conversations, run on two servers side by side, and what is made of their differences."""
import concurrent.futures
import fnmatch
import json
import os
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BOUND = 30  # seconds for one conversation; none should need them


def load_exceptions(part):
    """Explained findings of one part by the pattern of their names; docs/conformance.md has to list each."""
    with open(os.path.join(HERE, "exceptions.json"), encoding="utf-8") as f:
        explained = json.load(f)[part]
    with open(os.path.join(HERE, "../../docs/conformance.md"), encoding="utf-8") as f:
        page = f.read()
    for pattern in explained:
        if f"`{pattern}`" not in page:
            raise SystemExit(f"docs/conformance.md does not explain `{pattern}`, which exceptions.json lists")
    return explained


class Conversation:
    """What is tried, and how a server may take it."""

    def __init__(self, name, allowed, run):
        self.name = name
        self.allowed = (allowed,) if isinstance(allowed, str) else tuple(allowed)
        self.run = run

    def allows(self, outcome):
        return any(fnmatch.fnmatchcase(outcome, pattern) for pattern in self.allowed)


class Suite:
    """Conversations by name, in the order they were added."""

    def __init__(self, part):
        self.part = part
        self.conversations = {}

    def add(self, name, allowed, run):
        """`run` takes a server and a list for its log, and returns the outcome in words."""
        if name in self.conversations:
            raise ValueError(f"two conversations are called {name}")
        self.conversations[name] = Conversation(name, allowed, run)

    def run(self, pair, jobs=8, only=None):
        """Runs all on all servers; prints and returns the exit status."""
        began = time.monotonic()
        chosen = [c for c in self.conversations.values() if only is None or only in c.name]
        results = {}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            futures = {}
            for conversation in chosen:
                for server in pair.servers:
                    futures[pool.submit(hold, conversation, server, pair)] = (conversation.name, server.name)
            for future in concurrent.futures.as_completed(futures):
                results[futures[future]] = future.result()
        for server in pair.servers:
            if not server.is_running():
                print(f"{server.name} is gone: it ended with {server.process.returncode}")
                return 1
        return self.judge(pair, chosen, results, time.monotonic() - began)

    def judge(self, pair, chosen, results, seconds):
        ours, theirs = (server.name for server in pair.servers)
        explained = load_exceptions(self.part)
        findings = {server.name: [] for server in pair.servers}
        bad, used = [], set()
        for conversation in chosen:
            outcomes = {server.name: results[conversation.name, server.name] for server in pair.servers}
            wrong = [name for name, (outcome, _) in outcomes.items() if not conversation.allows(outcome)]
            for name in wrong:
                findings[name].append(conversation.name)
            if plain(outcomes[ours][0]) != plain(outcomes[theirs][0]) or wrong:
                verdict = "as allowed" if not wrong else "wrong: " + " and ".join(wrong)
                print(f"{conversation.name}: {ours} {outcomes[ours][0]!r}, {theirs} {outcomes[theirs][0]!r} ({verdict})")
            if not wrong:
                continue
            pattern = next((p for p in explained if fnmatch.fnmatchcase(conversation.name, p)), None)
            reason = explained.get(pattern)
            used.add(pattern)
            print(f"    allowed: {', '.join(conversation.allowed)}")
            if reason:
                print(f"    explained: {reason}")
            if ours in wrong and not reason:
                bad.append(conversation.name)
            for name in wrong:
                if not reason or name == ours:
                    for line in outcomes[name][1]:
                        print(f"      {name}: {line}")
        for pattern in explained:
            if pattern not in used and chosen == list(self.conversations.values()):
                print(f"{pattern}: is explained in exceptions.json, and nothing is wrong with it")
        print(f"{len(chosen)} conversations with each of {ours} and {theirs} in {seconds:.0f} s; findings:",
              ", ".join(f"{name} {len(found)}" for name, found in findings.items()))
        only_ours = [name for name in findings[ours] if name not in findings[theirs]]
        print(f"findings of {ours} alone: {', '.join(only_ours) or 'none'}")
        print(f"not explained: {', '.join(bad) or 'none'}")
        return 1 if bad else 0


def plain(outcome):
    """Which page is there differs, and does not matter."""
    return re.sub(r"answered (200|404)", "answered", outcome)


def hold(conversation, server, pair):
    """One conversation with one server, bounded in time."""
    log, box = [], []

    def work():
        try:
            box.append(conversation.run(server, pair, log))
        except BaseException as error:
            box.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(BOUND)
    return (box[0] if box else f"not over after {BOUND} s"), log


def main(suite, pair_of, arguments):
    """The command line of a suite."""
    only = None
    if "--only" in arguments:
        place = arguments.index("--only")
        only = arguments[place + 1]
        del arguments[place : place + 2]
    if len(arguments) != 1:
        print(f"usage: {os.path.basename(sys.argv[0])} [--only WORDS] BINARY", file=sys.stderr)
        return 2
    with pair_of(arguments[0]) as pair:
        return suite.run(pair, only=only)
