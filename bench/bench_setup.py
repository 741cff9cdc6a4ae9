"""What the comparison needs and a checkout does not have.

A virtual environment with the peers, the default model as a float32 folder
for torch, and requantised files for llama.cpp: all made once, below
`$PELLUCID_HOME/bench`, and used again by later runs.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
REQUIREMENTS = BENCH / "requirements.txt"
DEQUANTISE = BENCH.parent / "tools/goldens/dequantised_hf.py"
STAMP = "installed.sha256"  # of the requirements that the environment has

# The library is compiled here, for this processor; without the reader of
# images, which takes half the time, and without AMX, whose instructions its
# second thread may not execute (0.3.36 on Linux: illegal instruction).
NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
LLAMA_CMAKE_ARGS = " ".join(
    [
        "-DGGML_NATIVE=ON",
        "-DLLAVA_BUILD=OFF",
        f"'-DCMAKE_C_FLAGS={NO_AMX}'",
        f"'-DCMAKE_CXX_FLAGS={NO_AMX}'",
    ]
)

# llama.cpp's numbers of the file types (llama_ftype in llama.h).
LLAMA_FILE_TYPES = {"q4_0": 2, "q8_0": 7}

# A variable with such a name chooses the kernels or threads of some library.
STEERING = (
    "ATEN_",
    "BLIS_",
    "DNNL_",
    "GGML_",
    "GOMP_",
    "GOTO_",
    "KMP_",
    "LLAMA_",
    "MKL_",
    "NVPL_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "PELLUCID_ISA",
    "TORCH_",
)


def clean_environment() -> tuple[dict[str, str], list[str]]:
    """Return the environment of measured programs.

    Returns
    -------
    tuple
        The variables, without those that choose kernels or threads of some
        library, and the names of those left out.
    """
    dropped = sorted(name for name in os.environ if name.startswith(STEERING))
    kept = {k: v for k, v in os.environ.items() if k not in dropped}
    return kept, dropped


def pellucid_home() -> Path:
    """Return the folder of models and caches, as the program finds it."""
    home = os.environ.get("PELLUCID_HOME")
    return Path(home) if home else Path.home() / ".cache/pellucid"


def say(text: str) -> None:
    """Tell the user what takes so long."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Files:
    """Where the peers find their interpreter and their models."""

    python: Path
    gguf: Path  # as the engine reads it: Q4_1, head Q8_0
    hf: Path  # the same weights in float32
    q8_0: Path
    q4_0: Path


def make_venv(folder: Path) -> Path:
    """Make the environment, or bring it up to date with the requirements.

    Parameters
    ----------
    folder
        Of the environment; made if it is not there.

    Returns
    -------
    pathlib.Path
        Its interpreter.
    """
    python = folder / "bin/python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text().strip() == wanted:
        return python
    say(f"setting up {folder}: some gigabytes, and llama.cpp is compiled")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    lines = REQUIREMENTS.read_text().splitlines()
    llama = [line for line in lines if line.startswith("llama-cpp-python")]
    others = [x for x in lines if x not in llama and not x.startswith("#")]
    install = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, *others], check=True)
    environment = {**os.environ, "CMAKE_ARGS": LLAMA_CMAKE_ARGS}
    # pip keeps what it built with other flags, and does not look at them.
    install.append("--no-cache-dir")
    # Without it there is less to compare with, and the table says so.
    if subprocess.run([*install, *llama], env=environment).returncode != 0:
        say("llama-cpp-python could not be installed; going on without it")
        return python
    stamp.write_text(wanted + "\n")
    return python


def make_hf_folder(python: Path, gguf: Path, folder: Path) -> Path:
    """Write the model as a float32 folder in Hugging Face's layout, once."""
    if (folder / "tokenizer.json").is_file():
        return folder
    say(f"writing {folder}")
    command = [python, DEQUANTISE, "--gguf", gguf, "--out", folder]
    subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr)
    return folder


def requantise(python: Path, gguf: Path, file_type: str, target: Path) -> Path:
    """Write the model in another of llama.cpp's types, once.

    Nothing is written where llama.cpp is missing or refuses: its row in the
    table says so then.
    """
    if target.is_file():
        return target
    say(f"writing {target}")
    part = target.with_suffix(".part")
    worker = BENCH / "peer_llama.py"
    number = str(LLAMA_FILE_TYPES[file_type])
    command = [python, worker, "--requantise", gguf, part, number]
    done = subprocess.run(list(map(str, command)), capture_output=True)
    if done.returncode == 0:
        part.rename(target)
    else:
        say(done.stderr.decode(errors="replace").strip()[-200:])
    return target


def set_up(cache: Path, gguf: Path, python: Path | None) -> Files:
    """Make whatever is not there yet.

    Parameters
    ----------
    cache
        Folder for all of it.
    gguf
        The default model.
    python
        An interpreter that has the peers; none: one is set up.

    Returns
    -------
    Files
        Where everything is.
    """
    interpreter = python or make_venv(cache / "venv")
    return Files(
        python=interpreter,
        gguf=gguf,
        hf=make_hf_folder(interpreter, gguf, cache / "smollm2-135m-f32"),
        q8_0=requantise(
            interpreter, gguf, "q8_0", cache / "smollm2-135m-q8_0.gguf"
        ),
        q4_0=requantise(
            interpreter, gguf, "q4_0", cache / "smollm2-135m-q4_0.gguf"
        ),
    )


def add_common_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say what is measured and where the peers are."""
    home = pellucid_home()
    parser.add_argument(
        "--build",
        type=Path,
        default=BENCH.parent / "build/release",
        metavar="FOLDER",
        help="build folder with pellucid and kernels_bench",
    )
    parser.add_argument(
        "--model",
        type=Path,
        default=home / "models/smollm2-135m.gguf",
        metavar="FILE",
        help="the default model's GGUF (default: %(default)s)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=home / "bench",
        metavar="FOLDER",
        help="for the peers and their models (default: %(default)s)",
    )
    parser.add_argument(
        "--python",
        type=Path,
        help="an interpreter that has the peers; none is set up then",
    )
