"""What interventions do: edits, functions, and both together."""

from __future__ import annotations

import itertools

import numpy as np
import pellucid
import pytest
from conftest import PROMPT
from pellucid import Edit, InterpretableModel, UsageError
from pellucid import interventions as iv

SITE = "model.layers.5"


def run(
    model: InterpretableModel, given: object, inputs: object = PROMPT
) -> tuple[np.ndarray, np.ndarray]:
    """Give a block's activation, and the logits, of an edited run."""
    trace = model.trace(inputs, interventions={SITE: given})
    return trace.activations[SITE], trace.output


def vector(model: InterpretableModel) -> np.ndarray:
    """Draw a direction."""
    rng = np.random.default_rng(7)
    return rng.standard_normal(model.config.d_model).astype(np.float32)


def test_interventions_are_functions_of_arrays() -> None:
    x = np.array([[1.0, -2.0]], dtype=np.float32)
    np.testing.assert_array_equal(iv.zero_out(x), [[0, 0]])
    np.testing.assert_array_equal(iv.scale(0.5)(x), [[0.5, -1]])
    np.testing.assert_array_equal(iv.add_vector([1, 1])(x), [[2, -1]])
    np.testing.assert_array_equal(iv.replace_with(3.0)(x), [[3, 3]])
    np.testing.assert_array_equal(iv.clamp(-1, 0.5)(x), [[0.5, -1]])
    np.testing.assert_array_equal(iv.clamp(max_val=0)(x), [[0, -2]])
    both = iv.compose().add(iv.scale(2)).add(iv.clamp(0, 1)).build()
    np.testing.assert_array_equal(both(x), [[1, 0]])
    assert iv.noise(0.0)(x).tolist() == x.tolist()
    np.testing.assert_allclose(iv.project_out([1, 0])(x), [[0, -2]])
    np.testing.assert_allclose(iv.set_component([2, 0], 5)(x), [[5, -2]])


def test_replacing_pairs_up_tokens_at_an_end() -> None:
    x = np.zeros((1, 4, 2), dtype=np.float32)
    value = np.ones((1, 2, 2), dtype=np.float32)
    at_end = iv.replace_with(value)(x)
    assert at_end[0, :, 0].tolist() == [0, 0, 1, 1]
    at_start = iv.replace_with(value, align="start")(x)
    assert at_start[0, :, 0].tolist() == [1, 1, 0, 0]
    with pytest.raises(UsageError, match="2 tokens for 4"):
        iv.replace_with(value, align="strict")(x)
    longer = iv.replace_with(np.arange(12).reshape(1, 6, 2))(x)
    assert longer[0, :, 0].tolist() == [4, 6, 8, 10]
    assert not x.any()


@pytest.mark.parametrize("name", ["zero", "scale", "add", "clamp", "set"])
def test_edits_have_the_bits_of_their_functions(
    model: InterpretableModel, name: str
) -> None:
    intervention = {
        "zero": iv.zero_out,
        "scale": iv.scale(0.3),
        "add": iv.add_vector(vector(model)),
        "clamp": iv.clamp(-0.5, 0.25),
        "set": iv.replace_with(0.125),
    }[name]
    assert intervention.edits(SITE, (model.config.d_model,)) is not None
    edited, edited_logits = run(model, intervention)
    called, called_logits = run(model, lambda x: intervention(x))
    np.testing.assert_array_equal(edited, called)
    np.testing.assert_array_equal(edited_logits, called_logits)
    plain = model.trace(PROMPT)
    np.testing.assert_array_equal(edited, intervention(plain.activations[SITE]))
    assert (edited_logits != plain.output).any()


def test_a_function_may_mix_positions_and_sees_the_whole(
    model: InterpretableModel,
) -> None:
    plain = model.trace(PROMPT).activations[SITE]
    seen = []

    def reverse(x: np.ndarray) -> np.ndarray:
        seen.append(x.copy())
        return x[:, ::-1]

    block, logits = run(model, reverse)
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0], plain)
    np.testing.assert_array_equal(block, plain[:, ::-1])
    values = plain[0, ::-1]
    edit = Edit(SITE, "replace", values=values)
    np.testing.assert_array_equal(logits, run(model, edit)[1])


def test_functions_in_place_count_only_by_what_they_return(
    model: InterpretableModel,
) -> None:
    def first_only(x: np.ndarray) -> np.ndarray:
        x[:, 1:] = 0
        return x

    block, _ = run(model, first_only)
    assert block[0, 0].any()
    assert not block[0, 1:].any()


def test_prompts_of_one_length_come_together(
    model: InterpretableModel,
) -> None:
    texts = [PROMPT, "The capital of Italy is"]

    def swap(x: np.ndarray) -> np.ndarray:
        assert x.shape[0] == 2
        return x[::-1]

    plain = model.trace(texts).activations[SITE]
    block, _ = run(model, swap, texts)
    np.testing.assert_array_equal(block, plain[::-1])


def test_a_batch_of_any_lengths_is_each_prompt_alone(
    model: InterpretableModel,
) -> None:
    def centre(x: np.ndarray) -> np.ndarray:
        return x - x.mean(axis=1, keepdims=True)

    texts = [PROMPT, "Two plus two", "Hello"]
    for given in (centre, iv.noise(0.5, seed=3), iv.mean_ablate()):
        trace = model.trace(texts, interventions={SITE: given})
        for i, text in enumerate(texts):
            block, logits = run(model, given, text)
            n = trace.lengths[i]
            np.testing.assert_array_equal(
                trace.activations[SITE][i, :n], block[0]
            )
            np.testing.assert_array_equal(trace.output[i, :n], logits[0])


def test_values_of_a_batch_go_to_their_prompts(
    model: InterpretableModel,
) -> None:
    texts = [PROMPT, "Two plus two"]
    value = np.zeros((2, 1, model.config.d_model), dtype=np.float32)
    value[1] = 1
    block, _ = run(model, iv.replace_with(value), texts)
    assert not block[0].any()
    n = len(model.encode(texts[1]))
    assert (block[1, :n] == 1).all()


def test_several_edits_of_a_site_are_made_in_order(
    model: InterpretableModel,
) -> None:
    plain = model.trace(PROMPT).activations[SITE]
    add = iv.add_vector(np.ones(model.config.d_model))
    block, _ = run(model, [iv.scale(2), lambda x: x + 3, add])
    np.testing.assert_array_equal(block, plain * 2 + 3 + 1)
    composed = iv.compose().add(iv.scale(2)).add(lambda x: x + 3).add(add)
    np.testing.assert_array_equal(run(model, composed.build())[0], block)
    native = iv.compose().add(iv.scale(2)).add(add).build()
    assert len(native.edits(SITE, (model.config.d_model,))) == 2


def test_patched_activations_give_the_clean_run(
    model: InterpretableModel,
) -> None:
    clean = model.trace(PROMPT)
    patched = model.trace(
        "The capital of Italy is",
        interventions={
            "layers.29": iv.replace_with(clean.activations["layers.29"])
        },
    )
    np.testing.assert_array_equal(patched.output, clean.output)


def test_per_head_sites_keep_their_axes(model: InterpretableModel) -> None:
    site = "model.layers.5.self_attn.z"
    shape = (1, 5, model.config.n_heads, model.config.head_dim)

    def no_first_head(x: np.ndarray) -> np.ndarray:
        assert x.shape == shape
        x[:, :, 0] = 0
        return x

    called = model.trace(PROMPT, interventions={site: no_first_head})
    edited = model.trace(PROMPT, interventions=[Edit(site, "zero", heads=[0])])
    np.testing.assert_array_equal(called.output, edited.output)
    # A vector of a head's width is no row of the site, but broadcasts.
    one = np.ones(model.config.head_dim, dtype=np.float32)
    added = model.trace(PROMPT, interventions={site: iv.add_vector(one)})
    plain = model.trace(PROMPT)
    np.testing.assert_array_equal(
        added.activations[site], plain.activations[site] + 1
    )


def test_functions_of_scores_and_pattern(model: InterpretableModel) -> None:
    pattern = "model.layers.5.self_attn.pattern"
    scores = "model.layers.2.self_attn.scores"
    plain = model.trace(PROMPT)

    def itself(x: np.ndarray) -> np.ndarray:
        assert x.shape[:2] == (1, model.config.n_heads)
        assert x.shape[2] == x.shape[3]
        return x

    same = model.trace(PROMPT, interventions={pattern: itself, scores: itself})
    np.testing.assert_array_equal(same.output, plain.output)

    def first(x: np.ndarray) -> np.ndarray:
        x[:] = 0
        x[..., 0] = 1
        return x

    looks = model.trace(PROMPT, interventions={pattern: first})
    assert (looks.activations[pattern][0, :, :, 0] == 1).all()
    texts = [PROMPT, "Two plus two"]
    batch = model.trace(texts, interventions={pattern: first, scores: itself})
    np.testing.assert_array_equal(batch.output[0], looks.output[0])


def test_what_a_function_raises_comes_out(model: InterpretableModel) -> None:
    class OwnError(Exception):
        pass

    def fails(x: np.ndarray) -> np.ndarray:
        raise OwnError("mine")

    with pytest.raises(OwnError, match="mine"):
        run(model, fails)
    with pytest.raises(OwnError, match="mine"):
        model.generate(PROMPT, max_tokens=3, interventions={SITE: fails})
    with pytest.raises(OwnError, match="mine"):
        model.lens(PROMPT, interventions={SITE: fails})
    # And the model is none the worse for it.
    assert np.isfinite(model.trace(PROMPT).output).all()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (lambda x: None, TypeError, "returned None"),
        (lambda x: x[:, :-1], UsageError, "returned the shape"),
        (lambda x: x * np.nan, UsageError, "NaN or infinite"),
        (lambda x: x.astype(complex), TypeError, "give real numbers"),
        (lambda x: "text", TypeError, "give real numbers"),
        (lambda: None, TypeError, "argument"),
        (3, TypeError, "give a function or an Edit"),
        ("zero", TypeError, "give a function or an Edit"),
        (None, TypeError, "give a function or an Edit"),
    ],
)
def test_wrong_interventions(
    model: InterpretableModel, given: object, error: type, says: str
) -> None:
    with pytest.raises(error, match=says):
        run(model, given)


def test_wrong_arguments_of_interventions(model: InterpretableModel) -> None:
    for call, error in (
        (lambda: iv.scale(float("nan")), UsageError),
        (lambda: iv.scale("a"), TypeError),
        (lambda: iv.add_vector([float("inf")]), UsageError),
        (lambda: iv.add_vector(["a"]), TypeError),
        (lambda: iv.replace_with(1.0, align="middle"), UsageError),
        (lambda: iv.clamp(2, 1), UsageError),
        (lambda: iv.noise(-1), UsageError),
        (lambda: iv.noise(1, seed=-1), UsageError),
        (lambda: iv.compose().add(3), TypeError),
        (lambda: Edit(3), TypeError),
        (lambda: Edit("s", "nothing"), UsageError),
        (lambda: Edit("s", heads=[-1]), UsageError),
        (lambda: Edit("s", positions=[]), UsageError),
        (lambda: Edit("s", positions=1.5), TypeError),
        (lambda: Edit("s", "custom_site"), TypeError),
        (lambda: run(model, iv.add_vector(np.ones(3))), ValueError),
        (lambda: run(model, iv.replace_with(np.ones((2, 2)))), UsageError),
        (lambda: model.trace(PROMPT, interventions=3), TypeError),
        (
            lambda: model.trace(PROMPT, interventions={3: iv.zero_out}),
            TypeError,
        ),
        (
            lambda: model.trace(PROMPT, [Edit(SITE, positions=99)]).output,
            UsageError,
        ),
        (lambda: model.trace(PROMPT, [Edit(SITE, "mask")]).output, UsageError),
    ):
        with pytest.raises(error):
            call()


def test_noise_is_drawn_by_its_seed(model: InterpretableModel) -> None:
    np.random.seed(0)
    first, second = (run(model, iv.noise(1.0))[0] for _ in range(2))
    assert (first != second).any()
    np.random.seed(0)
    np.testing.assert_array_equal(run(model, iv.noise(1.0))[0], first)
    third, fourth = (run(model, iv.noise(1.0, seed=4))[0] for _ in range(2))
    np.testing.assert_array_equal(third, fourth)


def test_edits_by_place_and_kind(model: InterpretableModel) -> None:
    plain = model.trace(PROMPT).activations[SITE]
    edit = Edit(SITE, "zero", positions=[-1], features=[0, 5])
    block = model.trace(PROMPT, interventions=edit).activations[SITE]
    changed = np.argwhere(block != plain)
    assert {tuple(place[1:]) for place in changed} == {(4, 0), (4, 5)}
    france = Edit(SITE, "zero", text=" France")
    block = model.trace(PROMPT, interventions=[france]).activations[SITE]
    assert not block[0, 3].any()
    np.testing.assert_array_equal(block[0, :3], plain[0, :3])


def test_edits_are_written_and_read_back(
    model: InterpretableModel, tmp_path: object
) -> None:
    edits = [
        Edit(SITE, "add", values=vector(model), factor=2, positions="1:3"),
        Edit("layers.3.self_attn.z", "zero", heads=[0, 2], when="both"),
        Edit(SITE, "clamp", low=-1, high=1, text="France"),
        Edit(SITE, "noise", factor=0.1, seed=5, prompts=[0]),
    ]
    path = tmp_path / "edits.json"
    pellucid.write_edits(model, path, edits)
    back = pellucid.read_edits(model, path)
    assert [edit.kind for edit in back] == [edit.kind for edit in edits]
    np.testing.assert_array_equal(
        model.trace(PROMPT, back).output, model.trace(PROMPT, edits).output
    )
    with pytest.raises(UsageError, match="a function cannot be written"):
        pellucid.write_edits(model, path, {SITE: lambda x: x})
    path.write_text("{")
    with pytest.raises(pellucid.ModelError):
        pellucid.read_edits(model, path)


def test_every_site_takes_a_function(tiny: InterpretableModel) -> None:
    ids = [1, 2, 3]
    plain = tiny.trace(ids).output
    names = [name for name in tiny.sites() if not name.endswith("rotary_emb")]
    given = {name: (lambda x: x) for name in names}
    np.testing.assert_array_equal(
        tiny.trace(ids, interventions=given).output, plain
    )
    for one, other in itertools.pairwise(names):
        both = {one: lambda x: x, other: lambda x: x}
        np.testing.assert_array_equal(
            tiny.trace(ids, interventions=both).output, plain
        )
