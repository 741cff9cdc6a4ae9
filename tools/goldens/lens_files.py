"""Small files of numpy and torch, plain and hostile, for the parsers.

Element i of every array is ((7 i) mod 23 - 11) / 4, which each type holds
exactly, so that the tests need no other copy of it.
"""

import argparse
import collections
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import torch

DEFAULT_OUT = Path(__file__).parents[2] / "tests/golden/lens_files"


def values(*shape: int) -> np.ndarray:
    """Make an array of `shape` by the formula above."""
    count = int(np.prod(shape))
    flat = ((7 * np.arange(count)) % 23 - 11) / 4
    return flat.reshape(shape).astype(np.float32)


def write_npy(out: Path) -> None:
    """Arrays of each type and order, and archives of them."""
    arrays = {
        "f2": values(3, 5).astype("<f2"),
        "f4": values(3, 5),
        "f8": values(3, 5).astype("<f8"),
        "fortran": np.asfortranarray(values(2, 3, 4)),
        "scalar": values(1)[0],
        "empty": np.zeros((0, 4), np.float32),
        "integers": np.arange(4),
        "big_endian": values(3, 5).astype(">f4"),
    }
    for name, array in arrays.items():
        np.save(out / f"{name}.npy", array)
    with (out / "version2.npy").open("wb") as file:
        np.lib.format.write_array(file, values(3, 5), version=(2, 0))
    with (out / "objects.npy").open("wb") as file:
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    several = {"a": values(3, 5), "b.weight": values(40, 50)}
    np.savez(out / "stored.npz", **several)
    np.savez_compressed(out / "deflated.npz", **several)


class Call:
    """What a pickle turns into a call of a function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        """Give the call that pickle writes down."""
        return self.call


def write_torch(out: Path) -> None:
    """Files that torch.save writes of what lenses are kept in."""
    x = torch.from_numpy(values(6, 8))
    layer = torch.nn.Linear(8, 6)
    with torch.no_grad():
        layer.weight.copy_(x)
        layer.bias.copy_(torch.from_numpy(values(6)))
    torch.save(
        {
            "float": x,
            "half": x.half(),
            "bfloat16": x.bfloat16(),
            "double": x.double(),
            "turned": x.T,
            "part": x[2:5, 1:4],
            "row": x[3],
            "scalar": torch.tensor(-2.75),
            "empty": torch.zeros(0, 4),
            "nested": {"list": [x, 1, -70000, 1 << 40, 2.5, None, True]},
            3: torch.from_numpy(values(2)),
        },
        out / "values.pt",
    )
    torch.save(layer.state_dict(), out / "state_dict.pt")
    torch.save({"p": layer.weight}, out / "parameter.pt")
    torch.save({"x": x}, out / "protocol4.pt", pickle_protocol=4)
    hostile = {
        "system": {"x": Call(os.system, "true")},
        "eval": {"x": Call(eval, "1 + 1")},
        "module": layer,
        "integers": {"x": torch.arange(4)},
        "expanded": {"x": torch.zeros(1).expand(1000, 1000)},
        "set": {"x": {1, 2}},
    }
    for name, value in hostile.items():
        torch.save(value, out / f"hostile_{name}.pt")
    torch.save(
        {"x": x}, out / "legacy.pt", _use_new_zipfile_serialization=False
    )
    spoil(out / "values.pt", out)


def rewrite(
    source: Path, target: Path, change: dict[str, bytes | None]
) -> None:
    """Copy an archive; `change` replaces entries, or leaves them out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            name = entry.filename.split("/", 1)[1]
            data = change.get(name, old.read(entry))
            if data is not None:
                new.writestr(f"archive/{name}", data)


def spoil(source: Path, out: Path) -> None:
    """Damage a file of torch in ways that only its readers notice."""
    rewrite(source, out / "hostile_no_storage.pt", {"data/0": None})
    rewrite(source, out / "hostile_short_storage.pt", {"data/0": bytes(8)})
    rewrite(source, out / "hostile_big_endian.pt", {"byteorder": b"big"})
    rewrite(source, out / "hostile_no_pickle.pt", {"data.pkl": None})
    loop: dict[str, object] = {}
    loop["x"] = loop
    for name, value in {
        "loop": loop,
        "ordered": collections.OrderedDict([("x", 1)]),
    }.items():
        text = io.BytesIO()
        pickle.Pickler(text, protocol=2).dump(value)
        rewrite(source, out / f"{name}.pt", {"data.pkl": text.getvalue()})


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_npy(options.out)
    write_torch(options.out)


if __name__ == "__main__":
    main()
