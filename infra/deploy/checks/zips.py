"""lambda_zip.py: the same files give the same bytes, and what Lambda could not start is refused."""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ELF = b"\x7fELF\0"


def run(script):
    findings = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def zipped(out, *arguments):
            answer = subprocess.run(
                [sys.executable, str(script), str(folder / out), *arguments], capture_output=True, text=True
            )
            return answer.returncode

        old, new = folder / "old", folder / "new"
        for path, time in ((old, 1_000_000_000), (new, 1_700_000_000)):
            path.write_bytes(ELF + b"GLIBC_2.34\0GLIBC_2.2.5\0" + b"x" * 5000)
            path.chmod(0o600)
            os.utime(path, (time, time))
        (folder / "words").write_text("GLIBC_2.99")
        if zipped("a.zip", f"bootstrap={old}", f"words={folder / 'words'}") != 0:
            findings.append("refuses a binary for glibc 2.34")
        zipped("b.zip", f"words={folder / 'words'}", f"bootstrap={new}")
        if (folder / "a.zip").read_bytes() != (folder / "b.zip").read_bytes():
            findings.append("times or the order of arguments change the bytes")
        with zipfile.ZipFile(folder / "a.zip") as archive:
            modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
            if modes != {"bootstrap": 0o100755, "words": 0o100755}:
                findings.append(f"bootstrap cannot be executed: {modes}")
        new.write_bytes(ELF + b"GLIBC_2.36\0")
        if zipped("c.zip", f"bootstrap={new}") == 0:
            findings.append("takes a binary for glibc 2.36, which provided.al2023 does not have")
        if zipped("c.zip", "--any-libc", f"bootstrap={new}") != 0:
            findings.append("--any-libc does not take a binary for glibc 2.36")
    return findings
