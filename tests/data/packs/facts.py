#!/usr/bin/env python3
"""Is every fact of packs/sources/providers.json in the pack made of it?

A fact is a text or number of a provider, endpoint or model there; it must
stand somewhere in the manifests of that very provider.  Prints what is
missing.
"""
import glob
import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))

# Texts that became words of the format, and whose member says the same; and
# how sure the sources are of a provider where each endpoint says it itself.
SAID_OTHERWISE = {
    ("confidence",),
    ("capabilities", "models", "supported"),
    ("capabilities", "responses", "supported"),
    ("capabilities", "streaming"),
    ("capabilities", "tools"),
}


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from leaves(inside, path + (name,))
    elif isinstance(value, list):
        for inside in value:
            yield from leaves(inside, path)
    elif value is not None and not isinstance(value, bool):
        yield path, value


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return json.load(file)


def main():
    made = {}
    for path in glob.glob(os.path.join(ROOT, "packs", "openai-cn-pack",
                                       "providers", "*.json")):
        manifest = read(path)
        facts = made.setdefault(manifest["vendor"], [set(), []])
        for where, value in leaves(manifest):
            facts[0].add(value)
            if isinstance(value, str):
                facts[1].append(value)
    count = missing = 0
    for provider in read("packs/sources/providers.json")["providers"]:
        values, texts = made.get(provider["id"], (set(), []))
        text = "\n".join(texts)
        for where, value in leaves(provider):
            count += 1
            if value in values or (isinstance(value, str) and value in text):
                continue
            # Of a link, address and remark are members of their own.
            if where == ("docs",) and all(
                    part.strip("()") in text for part in value.split()):
                continue
            if where in SAID_OTHERWISE:
                continue
            missing += 1
            print(f"{provider['id']}: {'.'.join(where)}: {value}")
    print(f"{count} facts, {missing} missing")
    sys.exit(1 if missing or not count else 0)


main()
