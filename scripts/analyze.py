#!/usr/bin/env python3
"""Let gcc and cppcheck look for paths to leaks, double frees and NULL.

Usage: analyze.py [FILE.c]...

Without names, the product's own files: what only the tests use may leak.  A
finding of gcc that is none stands in scripts/analyze.tsv, one of cppcheck in
the code: both with the reason.  A row that nothing is found for any more is a
failure as well.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

KNOWN = "scripts/analyze.tsv"
FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-I.", '-DCRM_VERSION="0"']
LIBRARIES = ["sqlite3", "jansson", "libconfig", "libsodium", "libcurl",
             "libarchive"]
# Not optimised: what is moved about looks unset to the analyzer of gcc 12.
# Nothing is forgotten on the way: what it forgets looks lost.
GCC = ["gcc", "-O0", "-fanalyzer", "-fno-analyzer-state-purge",
       "-fdiagnostics-format=json", "-include", "shared/banned.h",
       "-c", "-o", "/dev/null"]
# It does not know __attribute__((cleanup)), so not what is released either;
# gcc does.  crmctl has one thread.  Its old check for what is not set does not
# see that functions set things; its new one does.
CPPCHECK = ["cppcheck", "--std=c11", "--quiet", "--inline-suppr",
            "--enable=warning,performance,portability",
            "--library=posix,gnu,sqlite3,libcurl", "--error-exitcode=1",
            "--include=shared/banned.h", "--include=/usr/include/jansson.h",
            "-D__GNUC__=12", "--template={file}:{line}: {id}: {message}",
            "--suppress=memleak", "--suppress=resourceLeak",
            "--suppress=readdirCalled", "--suppress=getpwnamCalled",
            "--suppress=getpwuidCalled", "--suppress=legacyUninitvar"]


def libraries():
    return subprocess.run(["pkg-config", "--cflags", *LIBRARIES], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.split()


class Finding:
    """Where, in which function, and what."""

    def __init__(self, file, entry):
        caret = entry["locations"][0].get("caret", {}) if entry["locations"] else {}
        steps = entry.get("path", [])
        self.file = file
        self.at = f'{caret.get("file", file)}:{caret.get("line", 0)}'
        self.function = steps[-1]["function"] if steps else "-"
        self.depth = steps[-1]["depth"] if steps else 0
        self.message = entry["message"]
        self.steps = steps

    def lost_on_its_way(self):
        """
        A function that GIVES_MEMORY is followed into its body as well: there
        what it is going to give looks lost before it is made.
        """
        lost = re.match(r"leak of '(\w+)\(", self.message)
        return bool(lost) and self.depth > 1 and lost[1] == self.function

    def has_no_name(self):
        """What a block of a loop released, when the loop comes round again."""
        return self.message == "use of uninitialized value '<unknown>'"

    def matches(self, row):
        return (row[0] == self.file and row[1] == self.function and
                row[2] in self.message)

    def tell(self):
        print(f"{self.at}: in {self.function}(): {self.message}")
        for step in self.steps:
            line = step.get("location", {}).get("line", "?")
            print(f'  {step["function"]}:{line}: {step["description"]}')


def known():
    with open(KNOWN, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file
                if line.strip() and not line.startswith("#")]
    for row in rows:
        if len(row) != 4:
            sys.exit(f"{KNOWN}: four cells, please: {row}")
    return rows


def look_at(file, flags):
    made = subprocess.run([*GCC, *FLAGS, *flags, file],
                          stderr=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    try:
        entries = json.loads(made.stderr)
    except ValueError:
        sys.exit(f"{file}: {made.stderr}")
    if made.returncode:
        sys.exit(f"{file} does not compile: {entries}")
    return [Finding(file, entry) for entry in entries]


def gcc(files):
    flags = libraries()
    rows = known()
    used = set()
    news = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda file: look_at(file, flags), files):
            for finding in found:
                if finding.lost_on_its_way() or finding.has_no_name():
                    continue
                ours = [i for i, row in enumerate(rows) if finding.matches(row)]
                used.update(ours)
                if not ours:
                    finding.tell()
                    news += 1
    for i, row in enumerate(rows):
        if row[0] in files and i not in used:
            print(f"{KNOWN}: nothing of the kind: {' '.join(row[:3])}")
            news += 1
    return news == 0


def main(files):
    os.chdir(os.path.join(os.path.dirname(__file__), ".."))
    if not files:
        files = sorted(os.path.join(folder, name)
                       for top in ("shared", "fcgi", "schedd", "cli")
                       for folder, _, names in os.walk(top)
                       for name in names if name.endswith(".c"))
    good = gcc(files)
    good &= subprocess.run([*CPPCHECK, *FLAGS[1:], f"-j{os.cpu_count()}",
                            *files], check=False).returncode == 0
    if good:
        print(f"gcc -fanalyzer and cppcheck have nothing to say about "
              f"{len(files)} files")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
