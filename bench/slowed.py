"""A disk whose every flush takes longer, for the processes that ask for it."""

import shutil
import subprocess
from pathlib import Path

SOURCE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int file)
{
    struct timespec wait = {0, %d * 1000000L};
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    nanosleep(&wait, 0);
    return flush(file);
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
"""


def slowed(folder: Path, milliseconds: int) -> dict[str, str] | None:
    """
    Return the environment in which each fsync takes so much longer.

    None where there is no C compiler to make that with.
    """
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, made = folder / "slowed.c", folder / "slowed.so"
    source.write_text(SOURCE % milliseconds)
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"],
        check=True,
    )
    return {"LD_PRELOAD": str(made)}
