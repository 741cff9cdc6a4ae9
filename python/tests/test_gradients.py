"""Attribution, gradients, attribution patching, paths."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import PROMPT
from pellucid import Edit, InterpretableModel, UsageError
from pellucid import interventions as iv

CLEAN = "The capital of France is"
CORRUPT = "The capital of Italy is"


def test_attribution_adds_up(model: InterpretableModel) -> None:
    made = model.attribute(PROMPT, " Paris", " Rome")
    logits = model.trace(PROMPT).output[0, -1]
    ids = [model.token_id(" Paris"), model.token_id(" Rome")]
    assert made.answer[1] == logits[ids[0]]
    assert made.value == pytest.approx(float(logits[ids[0]] - logits[ids[1]]))
    total = sum(term.value for term in made.terms)
    assert total == pytest.approx(made.sum)
    assert abs(made.residue) <= made.bound
    heads = model.attribute(PROMPT, " Paris", by="head", layers=[23])
    kinds = {term.kind for term in heads.terms if term.layer == 23}
    assert "head" in kinds
    assert len(made.to_pandas()) == len(made.terms)
    with pytest.raises(UsageError):
        model.attribute(PROMPT, " Paris", by="nothing")
    with pytest.raises(UsageError):
        model.attribute(PROMPT, " Paris", position="all")


def test_gradient_is_what_a_small_edit_does(model: InterpretableModel) -> None:
    site = "model.layers.12.mlp"
    gradient = model.gradient(CLEAN, site, " Paris", " Rome")
    trace = model.trace(CLEAN)
    assert gradient[site].shape == trace.activations[site].shape[1:]
    step = 0.05 * gradient[site][-1] / np.linalg.norm(gradient[site][-1])

    def metric(factor: float) -> float:
        edit = Edit(site, "add", positions=-1, values=step, factor=factor)
        logits = model.trace(CLEAN, interventions=[edit]).output[0, -1]
        paris, rome = model.token_id(" Paris"), model.token_id(" Rome")
        return float(logits[paris]) - float(logits[rome])

    expected = float(step @ gradient[site][-1])
    assert (metric(1) - metric(-1)) / 2 == pytest.approx(expected, rel=0.05)
    assert gradient.value == pytest.approx(metric(0), rel=1e-5)


def test_trace_grad_pads_as_activations(model: InterpretableModel) -> None:
    trace = model.trace([CLEAN, "Paris is"])
    made = trace.grad("layers.3", " the")
    assert made.shape == trace.activations["layers.3"].shape
    assert not made[1, int(trace.lengths[1]) :].any()
    alone = model.gradient("Paris is", "layers.3", " the")
    np.testing.assert_array_equal(
        made[1, : int(trace.lengths[1])], alone["blocks.3.hook_resid_post"]
    )
    edited = model.trace(CLEAN, interventions={"layers.3.mlp": iv.zero_out})
    with pytest.raises(UsageError, match="interventions"):
        edited.grad("layers.3", " the")


def test_attribution_patching_ranks_heads(model: InterpretableModel) -> None:
    given = (CLEAN, CORRUPT, " Paris", " Rome", "z", "layer,head")
    estimate = model.attribution_patching(*given)
    truth = model.patch(*given)
    assert estimate.clean == truth.clean
    assert estimate.agreement(truth) > 0.9
    assert truth.agreement(truth) == pytest.approx(1)


def test_integrated_gradients_sum_to_the_change(
    model: InterpretableModel,
) -> None:
    parts = model.attribution(
        CLEAN, " Paris", " Rome", baseline=CORRUPT, steps=64
    )
    change = parts.value - parts.baseline[0]
    assert parts.total[0] == pytest.approx(change, rel=0.02)
    assert parts.values.sum() == pytest.approx(parts.total[0])
    assert parts.column_names == model.to_str_tokens(CLEAN)
    with pytest.raises(UsageError, match="method"):
        model.attribution(CLEAN, " Paris", method="lime")


def test_a_path_to_the_logits_is_less_than_all(
    model: InterpretableModel,
) -> None:
    given = (CLEAN, CORRUPT, " Paris", " Rome", "z", "layer,head")
    direct = model.patch(*given, layers=[29], to="logits")
    whole = model.patch(*given, layers=[29])
    # The last block's heads reach the logits through its MLP too.
    assert direct.values.shape == whole.values.shape
    assert not np.array_equal(direct.values, whole.values)
    with pytest.raises(UsageError, match="to"):
        model.patch(*given, to="everything")
