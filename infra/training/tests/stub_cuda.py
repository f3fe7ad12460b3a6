"""Puts empty shared libraries where a CPU-only test environment has no CUDA libraries, so that `import torch` works.

The PyPI wheel of torch for Linux on x86-64 is the CUDA build: it names eleven NVIDIA libraries (about 3 GB of wheels)
that the dynamic loader must find, although nothing on a machine without a GPU ever calls them. Installed with
`--no-deps`, torch lacks them; this tool links a library of that name into torch's own `lib` folder, with a function for
each symbol that torch's libraries ask of it, each of which stops the process. That is fit for tests on the CPU and for
nothing else; the image never uses it.

It does not know which tests run, and it never replaces a library that is there.

Usage: python stub_cuda.py      (needs `cc` and `nm`; writes below the running interpreter's site-packages)
"""

import pathlib
import re
import subprocess
import sys
import sysconfig
import tempfile

# Library, and what the names of its functions look like.
LIBRARIES = {
    "libcublas.so.12": r"cublas(?!Lt)\w+",
    "libcublasLt.so.12": r"cublasLt\w+",
    "libcudnn.so.9": r"cudnn\w+",
    "libcufft.so.11": r"cufft\w+",
    "libcufile.so.0": r"cuFile\w+",
    "libcurand.so.10": r"curand\w+",
    "libcusolver.so.11": r"cusolver\w+",
    "libcusparse.so.12": r"cusparse(?!Lt)\w+",
    "libcusparseLt.so.0": r"cusparseLt\w+",
    "libnccl.so.2": r"p?nccl\w+",
    "libnvshmem_host.so.3": r"nvshmem\w+",
}


def wanted_symbols(folder: pathlib.Path) -> dict[str, str]:
    """Undefined symbols of torch's libraries, with the version asked for ("" for none)."""
    libraries = [str(path) for path in sorted(folder.glob("libtorch*.so")) + sorted(folder.glob("libc10*.so"))]
    listing = subprocess.run(["nm", "-D", "--undefined-only", *libraries], check=True, capture_output=True, text=True)
    found: dict[str, str] = {}
    for name, version in re.findall(r"^ +[Uw] ([A-Za-z]\w+)(?:@+(\S+))?", listing.stdout, re.MULTILINE):
        found[name] = version or found.get(name, "")
    return found


def link_stub(folder: pathlib.Path, library: str, symbols: dict[str, str]) -> None:
    """Links one library with these functions; raises CalledProcessError where `cc` cannot."""
    versions = sorted({version for version in symbols.values() if version})
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch) / "stub.c"
        source.write_text("".join(f"void {name}(void) {{ __builtin_trap(); }}\n" for name in sorted(symbols)))
        script = pathlib.Path(scratch) / "versions.map"
        script.write_text("".join(f"{version} {{ global: *; }};\n" for version in versions[:1]))
        options = [f"-Wl,--version-script={script}"] if versions else []
        command = ["cc", "-shared", "-fPIC", "-nostdlib", "-w", f"-Wl,-soname,{library}", *options, str(source)]
        subprocess.run([*command, "-o", str(folder / library)], check=True)


def main() -> int:
    site = pathlib.Path(sysconfig.get_paths()["purelib"])
    folder = site / "torch" / "lib"
    if not folder.is_dir():
        print(f"no torch below {site.name}: install it first", file=sys.stderr)
        return 1
    real = {path.name for path in site.glob("nvidia/*/lib/*.so*")}
    wanted = wanted_symbols(folder)
    for library, pattern in LIBRARIES.items():
        if library not in real and not (folder / library).exists():
            symbols = {name: version for name, version in wanted.items() if re.fullmatch(pattern, name)}
            link_stub(folder, library, symbols)
    return 0


if __name__ == "__main__":
    sys.exit(main())
