"""What a machine is and what it can do at best, for the record."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def processor() -> tuple[str, list[str]]:
    """Return the processor's name, and what it has of wide instructions."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine(), []
    name = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", text, re.MULTILINE)
    family = re.findall(
        r"^(?:cpu family|model)\s*: (\d+)$", text, re.MULTILINE
    )[:2]
    wide = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "asimd")
    has = set(flags[1].split()) if flags else set()
    title = name[1] if name else platform.machine()
    if family:
        title += f" (family {', model '.join(family)})"
    return title, [flag for flag in wide if flag in has]


def memory_gib() -> float:
    """Return the size of the memory."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return round(pages / 2**30, 1)


def peaks(
    kernels_bench: Path, threads: int, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the benchmark of kernels measures first.

    Parameters
    ----------
    kernels_bench
        The program; if it is not there, nothing is returned.
    threads
        1 or 2.
    environment
        Its variables.

    Returns
    -------
    dict
        `isa`, `peak_gflops` and `read_gbytes`, of all threads together.
    """
    if not kernels_bench.is_file():
        return {}
    command = [
        str(kernels_bench),
        "--benchmark_filter=BM_GreaterMask",
        "--benchmark_format=json",
    ]
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    context = json.loads(done.stdout)["context"]
    found = {"isa": context["isa"]}
    for name in ("peak_gflops", "read_gbytes"):
        value = context.get(f"{name}_{threads}")
        if value is not None:
            found[name] = float(value)
    return found


def busy_share(before: str, after: str) -> float:
    """Return how busy all processors were between two looks at /proc/stat.

    Parameters
    ----------
    before, after
        Its text.

    Returns
    -------
    float
        Between 0 and 1.
    """
    first, second = (
        [int(x) for x in text.split("\n")[0].split()[1:9]]
        for text in (before, after)
    )
    spent = [b - a for a, b in zip(first, second, strict=True)]
    idle = spent[3] + spent[4]  # idle, waiting for a disk
    return 1 - idle / sum(spent) if sum(spent) else 0.0


def describe(
    kernels_bench: Path, threads: int, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return everything about the machine that the results should say."""
    name, flags = processor()
    return {
        "processor": name,
        "instructions": flags,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "threads": threads,
        **peaks(kernels_bench, threads, environment),
    }
