"""The lens: arrays, mlxterp's method, and what is made of them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROMPT
from pellucid import InterpretableModel, ModelError, UsageError, zero_out
from pellucid.fonts import families_for, visible


def test_arrays_have_rows_positions_and_tokens(
    model: InterpretableModel,
) -> None:
    lens = model.lens(PROMPT, top_k=4)
    assert lens.ids.shape == (31, 5, 4)
    for array in (lens.logits, lens.logprobs, lens.probs):
        assert array.shape == (31, 5, 4)
        assert array.dtype == np.float32
    for array in (lens.entropy, lens.kl, lens.rank, lens.logz):
        assert array.shape == (31, 5)
    assert lens.sites[0] == "embed"
    assert lens.layers.tolist() == [-1, *range(30)]
    assert lens.tokens == model.to_str_tokens(PROMPT)
    assert lens.max_abs_last_row_minus_logits == 0
    assert not lens.kl[-1].any()
    assert (lens.rank[-1] == 1).all()
    np.testing.assert_allclose(
        lens.logits - lens.logz[..., None], lens.logprobs, atol=1e-5
    )
    np.testing.assert_allclose(np.exp(lens.logprobs), lens.probs, atol=1e-6)


def test_a_fast_lens_tells_its_error(model: InterpretableModel) -> None:
    exact = model.lens(PROMPT, top_k=4)
    assert exact.error is None
    try:
        fast = model.lens(PROMPT, top_k=4, precision="fast")
    except UsageError as problem:
        assert "AMX" in str(problem)
        return
    assert fast.error is not None
    assert fast.error["cells"] == 8
    assert fast.error["max_abs_prob"] < 1e-4
    np.testing.assert_array_equal(fast.ids, exact.ids)
    np.testing.assert_array_equal(fast.logits, exact.logits)
    np.testing.assert_allclose(fast.probs, exact.probs, atol=1e-4)
    assert fast.max_abs_last_row_minus_logits == 0
    with pytest.raises(UsageError, match="choose exact or fast"):
        model.lens(PROMPT, precision="quick")


def test_the_last_row_is_the_models_output(model: InterpretableModel) -> None:
    lens = model.lens(PROMPT, top_k=10)
    logits = model.trace(PROMPT).output[0]
    np.testing.assert_array_equal(
        lens.logits[-1], np.take_along_axis(logits, lens.ids[-1], axis=-1)
    )
    np.testing.assert_array_equal(lens.ids[-1, :, 0], logits.argmax(axis=-1))


def test_values_are_those_of_the_program(
    model: InterpretableModel, default_path: object
) -> None:
    arguments = ["lens", "-m", str(default_path), "--json", "-"]
    arguments += ["--target", " Paris", PROMPT]
    out = subprocess.run(
        [sys.executable, "-m", "pellucid", *arguments],
        check=True,
        capture_output=True,
    ).stdout
    shown = json.loads(out)
    lens = model.lens(PROMPT, targets=" Paris")
    for r, row in enumerate(shown["rows"]):
        assert row["site"] == lens.sites[r]
        for p, cell in enumerate(row["cells"]):
            top = cell["top"]
            assert [t["id"] for t in top] == lens.ids[r, p].tolist()
            for name in ("logit", "logprob", "prob"):
                # Nine digits say which float32 it is.
                said = np.array([t[name] for t in top], dtype=np.float32)
                np.testing.assert_array_equal(
                    said, getattr(lens, name + "s")[r, p]
                )
            for name, array in (
                ("logz", lens.logz),
                ("entropy", lens.entropy),
                ("kl_to_final", lens.kl),
            ):
                assert np.float32(cell[name]) == array[r, p]
            target = cell["targets"][0]
            assert target["rank"] == lens.target_ranks[r, p, 0]
            if "next" in cell:
                assert cell["next"]["rank"] == lens.next_ranks[r, p]
    said = shown["targets"][0]
    made = lens.crystallization(" Paris")
    none = [-1 if at is None else at for at in said["first_hit"]]
    assert made.first_hit.tolist() == none


def test_parts_of_a_lens(model: InterpretableModel) -> None:
    whole = model.lens(PROMPT)
    part = model.lens(
        PROMPT, layers=[3, -1], positions=slice(-2, None), top_k=1
    )
    assert part.layers.tolist() == [3, 29]
    assert part.positions.tolist() == [3, 4]
    np.testing.assert_array_equal(
        part.probs[:, :, 0], whole.probs[[4, 30], 3:, 0]
    )
    inner = model.lens(PROMPT, layers=2, sites=["resid_mid", "mlp_out"])
    assert inner.labels == ["2 resid_mid", "2 mlp"]
    assert inner.own_norm == [False, True]


def test_a_batch_is_a_list(model: InterpretableModel) -> None:
    texts = [PROMPT, "Two plus two equals"]
    lenses = model.lens(texts, top_k=2)
    assert len(lenses) == 2
    for text, lens in zip(texts, lenses, strict=True):
        np.testing.assert_array_equal(
            lens.logits, model.lens(text, top_k=2).logits
        )
    assert len(model.lens([PROMPT])) == 1


def test_crystallization(model: InterpretableModel) -> None:
    lens = model.lens(PROMPT, top_k=1)
    made = lens.crystallization()
    assert made.text == " Paris"
    assert made.first_hit[-1] == made.stable_from[-1] == 29
    asked = model.lens(PROMPT, layers=[0], targets=[" Paris", " of"])
    np.testing.assert_array_equal(
        asked.crystallization(" Paris").stable_from, made.stable_from
    )
    # By the rows of all blocks, the same as what the library counted.
    of = lens.crystallization(model.token_id(" of"))
    np.testing.assert_array_equal(
        asked.crystallization(" of").first_hit, of.first_hit
    )
    np.testing.assert_array_equal(
        asked.crystallization(" of").stable_from, of.stable_from
    )
    with pytest.raises(UsageError, match="rows of all blocks"):
        asked.crystallization(7)
    with pytest.raises(UsageError, match="is no token of this lens"):
        lens.crystallization("nonsense")


def test_metrics(model: InterpretableModel) -> None:
    lens = model.lens(PROMPT)
    np.testing.assert_array_equal(lens.metric("prob"), lens.probs[:, :, 0])
    np.testing.assert_array_equal(lens.metric("rank"), lens.rank)
    watched = model.lens(PROMPT, targets=" Paris")
    np.testing.assert_array_equal(
        watched.metric("rank"), watched.target_ranks[:, :, 0]
    )
    with pytest.raises(UsageError, match="give one of prob"):
        lens.metric("confidence")


def test_tables(model: InterpretableModel) -> None:
    lens = model.lens("a<b>\n", top_k=2)
    table = lens.to_pandas()
    rows, positions, k = lens.ids.shape
    assert len(table) == rows * positions * k
    best = table[(table.layer == 29) & (table.k == 1)]
    np.testing.assert_array_equal(best["logit"], lens.logits[-1, :, 0])
    np.testing.assert_array_equal(best["entropy"].to_numpy(), lens.entropy[-1])


def test_plots(model: InterpretableModel) -> None:
    lens = model.lens(PROMPT)
    for metric in ("prob", "rank", "kl", "entropy"):
        figure = lens.plot(metric)
        image = figure.axes[0].images[0]
        np.testing.assert_allclose(
            image.get_array(), lens.metric(metric), rtol=1e-6
        )
        figure.draw_without_rendering()
    texts = [text.get_text() for text in lens.plot().axes[0].texts]
    assert "\u00b7Paris" in texts


def test_logit_lens_is_mlxterps(model: InterpretableModel) -> None:
    results = model.logit_lens(PROMPT, top_k=3, layers=[0, 10, 29])
    assert list(results) == [0, 10, 29]
    lens = model.lens(PROMPT, top_k=3)
    for layer, positions in results.items():
        assert len(positions) == 5
        for p, cell in enumerate(positions):
            assert [i for i, _, _ in cell] == lens.ids[layer + 1, p].tolist()
            scores = np.array([s for _, s, _ in cell], dtype=np.float32)
            np.testing.assert_array_equal(scores, lens.logits[layer + 1, p])
            assert all(model.token_to_str(i) == t for i, _, t in cell)
    assert results[29][-1][0][2] == " Paris"
    last = model.logit_lens(PROMPT, position=-1)
    assert len(last) == 30
    assert last[29] == [results[29][-1][:1]]
    assert list(model.logit_lens(PROMPT, layers=[-1, 0])) == [29, 0]
    assert model.logit_lens(model.encode(PROMPT), position=-1) == last


def test_logit_lens_with_another_norm(model: InterpretableModel) -> None:
    norm = model._module_resolver.get_final_norm()
    own = model.logit_lens(PROMPT, layers=[5, 29])
    assert model.logit_lens(PROMPT, layers=[5, 29], final_norm=norm) == own
    assert model.logit_lens(PROMPT, layers=[5], position=2, final_norm=norm)[
        5
    ] == [own[5][2]]
    bare = model.logit_lens(PROMPT, layers=[5], skip_norm=True)
    states = model.trace(PROMPT).activations["layers.5"][0]
    expected = model.unembed(states, final_norm=False)
    assert bare[5][0][0][0] == expected[0].argmax()
    assert bare[5][0][0][1] == expected[0].max()


@pytest.mark.parametrize(
    "options",
    [
        {"layers": [30]},
        {"layers": []},
        {"position": 5},
        {"position": -6},
        {"position": 5, "skip_norm": True},
        {"top_k": 0},
        {"top_k": 49153},
    ],
)
def test_logit_lens_refuses(model: InterpretableModel, options: dict) -> None:
    with pytest.raises(UsageError):
        model.logit_lens(PROMPT, **options)


def test_logit_lens_plots_probabilities(model: InterpretableModel) -> None:
    from matplotlib import pyplot

    plain = model.logit_lens(PROMPT)
    results = model.logit_lens(
        PROMPT, plot=True, max_display_tokens=3, figsize=(8, 5)
    )
    assert results == plain
    figure = pyplot.gcf()
    assert figure.get_size_inches().tolist() == [8, 5]
    image = figure.axes[0].images[0]
    lens = model.lens(PROMPT)
    np.testing.assert_allclose(
        image.get_array(), lens.probs[1:, 2:, 0], rtol=1e-6
    )
    assert image.get_clim() == (0, 1)
    model.logit_lens(PROMPT, plot=True, position=-1, layers=[29, 3])
    shown = pyplot.gcf().axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, lens.probs[[4, 30], 4:, 0], rtol=1e-6)


def test_letters_of_every_script_find_a_font() -> None:
    assert visible(" a\n\t$") == "\u00b7a\u21b5\u2192\\$"
    assert visible("abcdef", 4) == "abc\u2026"
    plain, missing = families_for(["Paris"])
    assert plain == ["DejaVu Sans"]
    assert not missing
    families, missing = families_for(["\u4e16\u754c", "\u0939\u093f", "\u0378"])
    # Whatever is installed, what no font has is told apart.
    assert "\u0378" in missing
    assert families[0] == "DejaVu Sans"


def test_plots_without_missing_glyphs(
    model: InterpretableModel, recwarn: pytest.WarningsRecorder
) -> None:
    lens = model.lens("\u4e16\u754c \U0001f389", layers=[0, 29])
    lens.plot().draw_without_rendering()
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_predictions_of_states(model: InterpretableModel) -> None:
    run = model.trace(PROMPT)
    norm = model._module_resolver.get_final_norm()
    states = norm(run.activations["model.layers.29"][0])
    best = model.get_token_predictions(states[-1], top_k=5)
    assert best == model.lens(PROMPT).ids[-1, -1].tolist()
    pairs = model.get_token_predictions(states[-1], 5, return_scores=True)
    assert [i for i, _ in pairs] == best
    assert pairs[0][1] == run.output[0, -1, best[0]]
    many = model.get_token_predictions(states, top_k=5)
    assert many[-1] == best
    assert len(many) == 5
    # Logits are taken as they are.
    assert model.get_token_predictions(run.output[0, -1], 5) == best
    head, path, tied = model._module_resolver.get_output_projection()
    assert tied
    assert path == "model.embed_tokens"
    assert model.get_token_predictions(states[-1], 5, lm_head=head.as_linear)
    assert (
        model.get_token_predictions(states[-1], 5, embedding_layer=head) == best
    )
    wide = states.astype(np.float64).tolist()[-1]
    assert model.get_token_predictions(wide, 5) == best
    for wrong in (np.ones(3), np.ones((1, 1, 576)), states[-1] * np.nan):
        with pytest.raises(UsageError):
            model.get_token_predictions(wrong)


def test_parts_of_the_model_are_those_of_the_run(
    model: InterpretableModel, tiny: InterpretableModel
) -> None:
    for one, inputs in ((model, PROMPT), (tiny, [3, 1, 2])):
        run = one.trace(inputs)
        ids = run.ids[0]
        resolver = one._module_resolver
        last = run.activations[one.layers[-1].name]
        norm = resolver.get_final_norm()
        np.testing.assert_array_equal(norm(last), run.activations[norm.name])
        embedding = resolver.get_embedding_layer()
        np.testing.assert_array_equal(
            embedding(ids), run.activations[embedding.name][0]
        )
        assert embedding(np.array([ids])).shape[:2] == (1, len(ids))
        assert embedding.weight.shape[0] == one.vocab_size
        np.testing.assert_array_equal(one.unembed(last), run.output)
        head = resolver.get_lm_head()
        assert head.weight.shape == (one.vocab_size, one.config.d_model)
        with pytest.raises(UsageError):
            embedding([one.vocab_size])
        with pytest.raises(TypeError):
            embedding([0.5])
        with pytest.raises(UsageError):
            norm(np.ones(3))


def test_edited_lenses(model: InterpretableModel) -> None:
    edited = model.lens(PROMPT, interventions={"layers.28.mlp": zero_out})
    assert (edited.logits[-1] != model.lens(PROMPT).logits[-1]).any()
    run = model.trace(PROMPT, interventions={"layers.28.mlp": zero_out})
    np.testing.assert_array_equal(
        edited.logits[-1, -1, 0], run.output[0, -1].max()
    )


def test_targets_are_one_token(model: InterpretableModel) -> None:
    assert model.token_id(" Paris") == model.token_id(7042)
    with pytest.raises(UsageError, match=r"is \d tokens \("):
        model.lens(PROMPT, targets="unbelievably")
    with pytest.raises(UsageError):
        model.lens(PROMPT, targets=49152)
    with pytest.raises(TypeError):
        model.lens(PROMPT, targets=1.5)


def test_without_a_tokenizer(tiny: InterpretableModel) -> None:
    lens = tiny.lens([1, 2])
    assert lens.tokens == ["<id:1>", "<id:2>"]
    assert lens._repr_html_()
    with pytest.raises(ModelError):
        tiny.logit_lens("text")
