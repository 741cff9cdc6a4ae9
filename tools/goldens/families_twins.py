"""NAME.gguf beside the tiny folders of `families.py`.

llama.cpp's own converter makes them (give its checkout by --converter), so
that keys, names and the arrangement of weights are the real ones; only its
vocabulary step is left out, for there is none. What is float32 stays so, what
is narrower keeps its type: the values are the folder's.

    python families_twins.py --converter ~/llama.cpp [NAME...]
"""

import argparse
import importlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from families import DEFAULT_OUT, VARIANTS
from families_variant import Variant
from golden_file import MAX_BYTES

FILE_TYPES = {"F32": "ALL_F32", "F16": "MOSTLY_F16", "BF16": "MOSTLY_BF16"}


def converter_modules(checkout: Path) -> tuple[ModuleType, ModuleType]:
    """Import a checkout's `conversion`, and the `gguf` that goes with it."""
    sys.path.insert(0, str(checkout / "gguf-py"))
    sys.path.insert(0, str(checkout))
    gguf = importlib.import_module("gguf")
    return importlib.import_module("conversion"), gguf


def without_vocabulary(converter: type) -> type:
    """Derive a converter that looks for no tokenizer.

    Its steps are generators; what one returns is yielded too, because the
    StableLM one hands over its stacked norms in that way.
    """

    class WithoutVocabulary(converter):
        model_arch = converter.model_arch

        def set_vocab(self) -> None:
            """Leave the tokenizer's keys out."""

        def modify_tensors(self, *args: Any) -> Iterator[Any]:
            """Give the tensors that one of the folder's becomes."""
            more = yield from super().modify_tensors(*args)
            yield from more or ()

    return WithoutVocabulary


def write_twin(
    out: Path, variant: Variant, conversion: ModuleType, gguf: ModuleType
) -> None:
    """Convert one folder.

    Raises
    ------
    ValueError
        If the file grows past the limit for one file.
    """
    target = out / f"{variant.name}.gguf"
    file_type = getattr(gguf.LlamaFileType, FILE_TYPES[variant.kind])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / variant.name
        shutil.copytree(out / variant.name, folder)
        stated = json.loads((folder / "config.json").read_text())
        rows = {str(row): row for row in range(stated["vocab_size"])}
        # Gemma 3's counts its entries, to cut rows that have no token.
        tokenizer = {"model": {"vocab": rows}, "added_tokens": []}
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        # Keys that transformers 5 renames stay beside the new ones.
        read = conversion.ModelBase.load_hparams(folder, False)
        hparams = {**stated, **read, **variant.twin_config}
        name = conversion.get_model_architecture(
            hparams, conversion.ModelType.TEXT
        )
        converter = without_vocabulary(conversion.get_model_class(name))
        with torch.inference_mode():
            converter(
                folder,
                file_type,
                target,
                eager=True,
                model_name=variant.name,
                hparams=hparams,
            ).write()
    size = target.stat().st_size
    if size >= MAX_BYTES:
        raise ValueError(f"{target}: {size} bytes")
    reader = gguf.GGUFReader(target)
    print(f"{target.name}: {len(reader.tensors)} tensors, {size} bytes")


def main() -> None:
    """Write every twin, or those whose names begin as told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--converter", type=Path, required=True)
    parser.add_argument("names", nargs="*", help="beginnings; default: all")
    options = parser.parse_args()
    conversion, gguf = converter_modules(options.converter.expanduser())
    for variant in VARIANTS:
        named = variant.name.startswith(tuple(options.names))
        if variant.twin and (named or not options.names):
            write_twin(options.out, variant, conversion, gguf)


if __name__ == "__main__":
    main()
