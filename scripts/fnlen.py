#!/usr/bin/env python3
"""How long are the functions of C files?

Usage: fnlen.py MAX FILE...

Prints the number of functions, the median and the longest; lists those with
more than MAX lines between their braces and fails if there is one.
"""
import re
import statistics
import sys

# The layout puts a function's braces, and nothing else's, alone in column 1.
BODY = re.compile(r"^\{\n(.*?)^\}$", re.MULTILINE | re.DOTALL)


def functions(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for body in BODY.finditer(text):
        yield {
            "lines": body.group(1).count("\n"),
            "at": f"{path}:{text.count(chr(10), 0, body.start()) + 1}",
        }


def main(limit, paths):
    found = [f for path in paths for f in functions(path)]
    longest = max(found, key=lambda f: f["lines"])
    median = statistics.median_low(f["lines"] for f in found)
    print(f"# {len(found)} functions, median {median} lines,"
          f" the longest {longest['lines']} at {longest['at']}")
    too_long = [f for f in found if f["lines"] > limit]
    for f in too_long:
        print(f"{f['at']}: function of {f['lines']} lines, {limit} allowed")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
