#!/usr/bin/env python3
"""Write the bundles that no honest tool makes.

Usage: make-bundles.py CRMCTL DIR

DIR/NAME.tar.gz belongs to bundles/NAME.want beside this script.  Each is the
bundle of good-small with one thing done to it.
"""
import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
crmctl, out = sys.argv[1:]
good = os.path.join(out, "good.tar.gz")
subprocess.run([crmctl, "pack", "build", os.path.join(HERE, "good-small"),
                "-o", good], check=True, stdout=subprocess.DEVNULL)
with tarfile.open(good) as archive:
    FILES = {m.name: archive.extractfile(m).read() for m in archive}


def info(name, size=0, **more):
    made = tarfile.TarInfo(name)
    made.size = size
    for member, value in more.items():
        setattr(made, member, value)
    return made


def add(archive, name, data):
    archive.addfile(info(name, len(data)), io.BytesIO(data))


def write(name, change=None, files=None, form=tarfile.USTAR_FORMAT):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for path, data in (files or FILES).items():
            add(archive, path, data)
        if change:
            change(archive)
    put(name, gzip.compress(made.getvalue(), mtime=0))


def put(name, data):
    with open(os.path.join(out, name + ".tar.gz"), "wb") as file:
        file.write(data)


def with_file(path, data=b"x\n"):
    return lambda archive: add(archive, path, data)


def kind(path, flag, link=""):
    return lambda archive: archive.addfile(info(path, type=flag,
                                                linkname=link))


def repacked(document):
    """The good files with another pack.json, whose checksums are its own."""
    return {**FILES, "pack.json": json.dumps(document, indent=1).encode()}


write("path-up", with_file("../pack.json"))
write("path-up-inside", with_file("providers/../../etc/passwd"))
write("path-absolute", with_file("/etc/passwd"))
write("path-backslash", with_file("providers\\alpha.json"))
write("path-dot", with_file("./pack.json"))
write("path-hidden", with_file("providers/.alpha.json"))
write("path-empty-part", with_file("providers//beta.json"))
write("path-chinese", with_file("providers/甲.json"), form=tarfile.PAX_FORMAT)
write("path-long", with_file("providers/" + "a" * 200 + ".json"),
      form=tarfile.GNU_FORMAT)
write("symlink", kind("providers/beta.json", tarfile.SYMTYPE, "/etc/passwd"))
write("hard-link", kind("providers/beta.json", tarfile.LNKTYPE, "pack.json"))
write("device", kind("providers/beta.json", tarfile.CHRTYPE))
write("pipe", kind("providers/beta.json", tarfile.FIFOTYPE))
write("folder", kind("providers", tarfile.DIRTYPE))
write("twice", with_file("pack.json", FILES["pack.json"]))
write("extra-file", with_file("run.sh"))
write("too-big-file", with_file("README.md", os.urandom((1 << 20) + 1)))
write("grows", lambda archive: [add(archive, f"tables/{n}.tsv",
                                    b"0" * (1 << 19)) for n in range(40)])


def too_many(archive):
    for n in range(3000):
        add(archive, f"overlays/many/{n}", b"")


write("too-many-files", too_many)
write("too-big-together", lambda archive: [
    add(archive, f"tables/{n}.tsv", os.urandom(1 << 20)) for n in range(25)])

document = json.loads(FILES["pack.json"])
sums = document.pop("checksums")
write("no-checksums", files=repacked(document))
document["checksums"] = {path: "0" * 64 for path in sums}
write("checksum-wrong", files=repacked(document))
document["checksums"] = {**sums, "providers/beta.json": "0" * 64}
write("checksum-of-nothing", files=repacked(document))
document["checksums"] = sums
write("unknown-member", files=repacked({**document, "colour": "red"}))
write("changed-file", files={**FILES, "providers/alpha.json":
                             FILES["providers/alpha.json"] + b" "})
write("no-pack-json", files={path: data for path, data in FILES.items()
                             if path != "pack.json"})

with open(good, "rb") as file:
    GOOD = file.read()
put("truncated", GOOD[:len(GOOD) // 2])
put("empty", b"")
put("no-gzip", gzip.decompress(GOOD))
put("gzip-twice", gzip.compress(GOOD, mtime=0))
put("no-tar", gzip.compress(b"this is no archive of any kind\n" * 99, mtime=0))
put("zip", b"PK\x03\x04" + bytes(200))

# Ten gigabytes: a header that says so, and zeros, in some ten kilobytes ...
header = info("providers/beta.json", 10 << 30).tobuf(tarfile.GNU_FORMAT)
squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
put("bomb-announced", squeeze.compress(header + bytes(10 << 20)) +
    squeeze.flush())
# ... as one gzip member after another, so that all of it really is there ...
zeros = gzip.compress(bytes(100 << 20), mtime=0)
put("bomb-10-gigabytes", gzip.compress(header, mtime=0) + zeros * 102)
# ... and layer upon layer.
put("bomb-layers", gzip.compress(gzip.compress(header + bytes(10 << 20))))
