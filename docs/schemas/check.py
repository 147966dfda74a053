#!/usr/bin/env python3
"""Checks events against the schemas beside this file.

Reads one CloudEvent (structured mode) per line from standard input. Prints one line for each:
"ok", or "line N: WHERE: WHAT". Exit status: 0 all valid, 1 some are not, 3 jsonschema is missing.
"""

import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("jsonschema is missing: apt-get install python3-jsonschema, or pip install jsonschema", file=sys.stderr)
    sys.exit(3)

HERE = pathlib.Path(__file__).resolve().parent


def load(uri):
    return json.loads((HERE / uri.rsplit("/", 1)[-1]).read_text())


def validator(name):
    schema = dict(load(name), **{"$id": (HERE / name).as_uri()})
    checker = jsonschema.FormatChecker()
    try:
        from referencing import Registry, Resource
    except ImportError:  # jsonschema before 4.18 resolves file addresses by itself
        return jsonschema.Draft202012Validator(schema, format_checker=checker)
    registry = Registry(retrieve=lambda uri: Resource.from_contents(load(uri)))
    return jsonschema.Draft202012Validator(schema, registry=registry, format_checker=checker)


VALIDATORS = {}
for path in sorted(HERE.glob("*.schema.json")):
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
    if path.name != "common.schema.json":
        kind = path.name.removesuffix(".schema.json")
        VALIDATORS[("net.hookgate." if kind.startswith("alarm.") else "io.sipgate.") + kind] = validator(path.name)


def unique(pairs):
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a member is repeated")
    return dict(pairs)


def fault(line):
    try:
        event = json.loads(line, object_pairs_hook=unique)
    except ValueError as error:
        return "not JSON: %s" % error
    kind = event.get("type") if isinstance(event, dict) else None
    if kind not in VALIDATORS:
        return "type: no schema for %r" % kind
    for error in VALIDATORS[kind].iter_errors(event):
        return "%s: %s" % ("/".join(map(str, error.absolute_path)) or "event", error.message[:300])
    if kind.startswith("io.sipgate.") and event["subject"] != event["data"]["leg"]:
        return "subject: differs from data.leg"
    return None


faults = 0
for number, line in enumerate(sys.stdin.buffer.read().splitlines(), 1):
    text = fault(line.decode("utf-8"))
    faults += text is not None
    print("line %d: %s" % (number, text) if text else "ok")
sys.exit(1 if faults else 0)
