"""Use an installed package: `wheel_test.sh` and cibuildwheel run this."""

import importlib.util
import sys
from importlib import resources

import numpy as np
import pellucid


def main(folder: str) -> None:
    """Run a model and look at the package's files.

    Parameters
    ----------
    folder
        Of a model without a tokenizer.
    """
    for name in ("matplotlib", "pandas", "IPython", "torch"):
        if importlib.util.find_spec(name) is not None:
            print(f"note: {name} is here")
    model = pellucid.InterpretableModel(folder)
    with model.trace([1, 2, 3], {"h.0": pellucid.scale(0.5)}) as trace:
        block = model.layers[0].output.save()
    lens = model.lens([1, 2, 3])
    assert block.shape == (1, 3, model.config.d_model)
    assert np.isfinite(trace.output).all()
    assert lens.max_abs_last_row_minus_logits == 0
    assert "<iframe" in lens._repr_html_()
    files = resources.files(pellucid)
    for name in ("py.typed", "_core.pyi"):
        assert files.joinpath(name).is_file(), name
    print(f"pellucid {pellucid.__version__} works")


if __name__ == "__main__":
    main(sys.argv[1])
