"""Check the default model, quantised by mlx_lm.convert, bit for bit.

    python mlx_default.py SMOLLM2_HF WORK --pellucid build/release/bin/pellucid

SMOLLM2_HF is the folder of `dequantised_hf.py`. Writes WORK/MODE, what
mlx_lm.convert makes of it, and WORK/MODE_f32, its weights as mx.dequantize
gives them in float32; then runs the program on both and compares every site.
Some 2 GB of disk; nothing of it is committed. Needs mlx-lm.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

import numpy as np
from mlx_folders import dequantised
from mlx_lm import convert
from safetensors.numpy import load_file, save_file

PROMPT = "The capital of France is"
MODES = {
    "affine4": {"q_group_size": 64, "q_bits": 4},
    "affine8": {"q_group_size": 32, "q_bits": 8},
    "affine3": {"q_group_size": 64, "q_bits": 3, "dtype": "bfloat16"},
    "mixed_3_6": {"quant_predicate": "mixed_3_6", "dtype": "float16"},
    "mxfp4": {"q_mode": "mxfp4"},
}


def write_folders(source: Path, work: Path, mode: str) -> None:
    """Write WORK/MODE and WORK/MODE_f32."""
    packed, plain = work / mode, work / f"{mode}_f32"
    for folder in (packed, plain):
        shutil.rmtree(folder, ignore_errors=True)
    convert(str(source), str(packed), quantize=True, **MODES[mode])
    plain.mkdir()
    save_file(
        {k: np.ascontiguousarray(v) for k, v in dequantised(packed).items()},
        plain / "model.safetensors",
        metadata={"format": "pt"},
    )
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(source / name, plain)


def sites(program: Path, folder: Path) -> dict[str, np.ndarray]:
    """Run the program on a folder and read what it recorded."""
    out = folder.with_suffix(".safetensors")
    what = ["--sites", "all", "--out", out, PROMPT]
    subprocess.run([program, "trace", "-m", folder, *what], check=True)
    return load_file(out)


def main() -> None:
    """Do so for every mode, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("modes", nargs="*", help="default: all")
    parser.add_argument("--pellucid", type=Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for mode in options.modes or MODES:
        write_folders(options.source, options.work, mode)
        packed = sites(options.pellucid, options.work / mode)
        plain = sites(options.pellucid, options.work / f"{mode}_f32")
        differ = [
            name
            for name in plain
            if packed[name].tobytes() != plain[name].tobytes()
        ]
        if differ or packed.keys() != plain.keys():
            raise SystemExit(f"{mode}: {len(differ)} sites differ: {differ}")
        print(f"{mode}: {len(plain)} sites, logits included, are the same bits")


if __name__ == "__main__":
    main()
