#!/usr/bin/env python3
"""Do the schemas in docs/schema and the decoder say the same of documents?

Usage: agree.py SHAPES

The documents are those of our pack and of the samples here, and each of them
with each of its members changed in every way below.  SHAPES is the program
that asks the decoder; the schema is asked by python3-jsonschema.
"""
import copy
import glob
import json
import os
import subprocess
import sys

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))

# What takes the place of a member's value.
VALUES = [
    None, True, False, 0, -1, 1, 7, 99, 100, 599, 600, 1000000, 100000001,
    1 << 40, 0.5, "", "a", "A", "x" * 64, "x" * 65, "甲" * 64, "x" * 200,
    "x" * 201, "x" * 513, "x" * 1001, "x" * 2001, "x" * 4001, "yes", "no",
    "high", "per_million_tokens", "listed", "forbidden", "1.2.3", "1.2",
    "01.2.3", "1.2.3-rc.1", "1.2.3-rc..1", "1.2.3+b", "1.2.3-", "2026-11-28",
    "2026-1--28", "2026-11-281", "0.28", "1.", ".5", "1e3", "12345678901",
    "USD", "usd", "U$D", "https://a.example.com/v1", "http://a.example.com",
    "ftp://a.example.com", "https://", "https://u:p@a.example.com",
    "https://a.example.com/?q", "HTTPS://A.example.com/v1", "a b", "a-b",
    "-a", "0" * 64, "0" * 63, "g" * 64, [], [1], ["a"], [""], ["x" * 201],
    [[]], [{}], [None], {}, {"a": "b"}, {"a": 1}, {"zh": "a", "en": "b"},
    {"zh": "a"}, {"zh": "a", "en": "b", "fr": "c"}, {"a": "x" * 4001},
]


def places(value, path=()):
    """Every place in a document, but for all but the first two of a list."""
    yield path
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from places(inside, path + (name,))
    elif isinstance(value, list):
        for n, inside in enumerate(value[:2]):
            yield from places(inside, path + (n,))


def at(document, path):
    for part in path:
        document = document[part]
    return document


def changed(document, path):
    """The document with what is at `path` changed."""
    here = at(document, path)
    if isinstance(here, dict):
        yield "one more", lambda d: at(d, path).update({"colour": "red"})
    if isinstance(here, list) and here:
        yield "many", lambda d: at(d, path).extend(here * 600)
    if not path:
        return
    parent, last = path[:-1], path[-1]
    if isinstance(last, str):
        yield "gone", lambda d: at(d, parent).pop(last)
    for n, value in enumerate(VALUES):
        yield f"value {n}", lambda d, v=value: at(d, parent).__setitem__(
            last, v)


def variants(name, document, seen):
    """Each shape of place once: the 94 providers have them in common."""
    yield name, document
    for path in places(document):
        kind = tuple(part if isinstance(part, str) else 0 for part in path)
        if kind in seen:
            continue
        seen.add(kind)
        for what, change in changed(document, path):
            made = copy.deepcopy(document)
            change(made)
            yield f"{name} {path} {what}", made


def documents(kind):
    pattern = "pack.json" if kind == "pack" else "providers/*.json"
    seen = set()
    for folder in sorted(glob.glob(os.path.join(HERE, "*/"))) + [
            os.path.join(ROOT, "packs", "openai-cn-pack")]:
        for path in sorted(glob.glob(os.path.join(folder, pattern))):
            try:
                with open(path, encoding="utf-8") as file:
                    document = json.load(file)
            except ValueError:
                continue
            name = os.path.relpath(path, ROOT)
            if "good-" in name or "openai-cn-pack" in name:
                yield from variants(name, document, seen)
            else:
                yield name, document


def main():
    count = differ = good = 0
    for kind in ("pack", "provider"):
        with open(os.path.join(ROOT, "docs", "schema",
                               f"{kind}.schema.json"),
                  encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        cases = list(documents(kind))
        text = "".join(json.dumps(made, ensure_ascii=False) + "\n"
                       for _, made in cases)
        told = subprocess.run([sys.argv[1], kind], input=text.encode(),
                              stdout=subprocess.PIPE, check=True)
        for (name, made), said in zip(cases,
                                      told.stdout.decode().splitlines(),
                                      strict=True):
            count += 1
            valid = validator.is_valid(made)
            good += valid
            if valid != (said == "good"):
                differ += 1
                print(f"{name}: the schema says "
                      f"{'good' if valid else 'bad'}, the decoder {said}")
    print(f"{count} documents, {good} of them good, {differ} differ")
    sys.exit(1 if differ or not good or good == count else 0)


main()
