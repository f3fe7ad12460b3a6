"""A zip for Lambda whose bytes depend on its files alone: fixed times, order and modes.

    python3 lambda_zip.py OUT.zip [--any-libc] NAME=FILE...

Refuses a binary that asks for a newer C library than Lambda's provided.al2023 has, and one above Lambda's limit.
"""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

AL2023_LIBC = (2, 34)
LARGEST_UNPACKED = 250 * 1024 * 1024


def newest_libc(content):
    """The newest version of glibc's symbols that an ELF file names, (0, 0) for another file."""
    if not content.startswith(b"\x7fELF"):
        return (0, 0)
    found = re.findall(rb"GLIBC_([0-9]+)\.([0-9]+)(?:\.[0-9]+)?\0", content)
    return max(((int(major), int(minor)) for major, minor in found), default=(0, 0))


def main(arguments):
    any_libc = "--any-libc" in arguments
    out, *pairs = [argument for argument in arguments if argument != "--any-libc"]
    files = {}
    for pair in pairs:
        name, _, path = pair.partition("=")
        files[name] = Path(path).read_bytes()
    for name, content in files.items():
        libc = newest_libc(content)
        if libc > AL2023_LIBC and not any_libc:
            return f"lambda_zip: {name} asks for glibc {libc[0]}.{libc[1]}, provided.al2023 has 2.34: build it without --native"
    unpacked = sum(map(len, files.values()))
    if unpacked > LARGEST_UNPACKED:
        return f"lambda_zip: {out} unpacks to {unpacked} bytes, Lambda takes {LARGEST_UNPACKED}"
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    size = Path(out).stat().st_size
    digest = hashlib.sha256(Path(out).read_bytes()).hexdigest()
    print(f"lambda_zip: {out}: {size} bytes, {unpacked} unpacked, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
