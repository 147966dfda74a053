#!/usr/bin/env python3
"""Prints CHANGELOG.md as a Debian changelog (deb-changelog(5)).

    debian-changelog.py VERSION CHANGELOG.md

VERSION stands for that of the first section. MAINTAINER in the environment is who answers for the package.
"""
import email.utils
import datetime
import os
import re
import sys
import textwrap

version, path = sys.argv[1:]
with open(path) as f:
    sections = re.split(r"^## ", f.read(), flags=re.M)[1:]
who = os.environ["MAINTAINER"]
for number, section in enumerate(sections):
    title, _, rest = section.partition("\n")
    name, date = re.match(r"(\S+) \((\d{4}-\d{2}-\d{2})\)", title).groups()
    time = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.timezone.utc)
    print(f"hookgate ({version if number == 0 else name}) unstable; urgency=medium\n")
    for item in re.findall(r"^- (.*(?:\n  .*)*)", rest, re.M):
        words = " ".join(item.split()).replace("`", "")
        print("\n".join(textwrap.wrap(words, 76, initial_indent="  * ", subsequent_indent="    ")))
    print(f"\n -- {who}  {email.utils.format_datetime(time)}\n")
