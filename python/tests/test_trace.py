"""Activations by name, of one prompt and of several."""

from __future__ import annotations

import gc

import numpy as np
import pellucid
import pytest
from conftest import PROMPT
from pellucid import InterpretableModel, UnknownSiteError, UsageError, trace
from pellucid.core.module_resolver import (
    find_layer_key_pattern,
    normalize_layer_key,
)


def test_shapes_have_a_batch_axis(model: InterpretableModel) -> None:
    config = model.config
    with model.trace(PROMPT) as run:
        inside = run.activations["model.layers.3"]
    n = len(model.encode(PROMPT))
    assert inside.shape == (1, n, config.d_model)
    assert inside.dtype == np.float32
    assert run.output.shape == (1, n, config.vocab_size)
    assert run.lengths.tolist() == [n]
    heads = (1, n, config.n_heads, config.head_dim)
    assert run.activations["model.layers.3.self_attn.z"].shape == heads
    pattern = run.activations["model.layers.3.self_attn.attention_weights"]
    assert pattern.shape == (1, config.n_heads, n, n)
    np.testing.assert_allclose(pattern.sum(axis=-1), 1, atol=1e-5)
    assert not np.triu(pattern[0, 0], k=1).any()


def test_every_spelling_is_the_same_array(model: InterpretableModel) -> None:
    with model.trace(PROMPT) as run:
        saved = model.layers[3].self_attn.output.save()
        through_alias = model.layers[3].attn.output.save()
    for name in (
        "model.layers.3.self_attn",
        "model.model.layers.3.self_attn",
        "layers.3.self_attn",
        "blocks.3.hook_attn_out",
    ):
        assert run.activations[name] is saved, name
        assert name in run.activations
        assert run.get_activation(name) is saved
    assert through_alias is saved
    assert run.activations["__model_output__"] is run.output
    assert run.activations["logits"] is run.output
    pattern = "model.layers.3.self_attn.pattern"
    assert (
        run.activations[pattern]
        is run.activations["model.layers.3.self_attn.attention_weights"]
    )


def test_iterating_gives_each_activation_once(
    model: InterpretableModel,
) -> None:
    with model.trace(PROMPT) as run:
        pass
    keys = list(run.activations.keys())
    assert len(keys) == len(set(keys)) == len(run.activations)
    assert "model.layers.3.mlp" in keys
    assert "__model_output__" in keys
    weights = [key for key in keys if key.endswith(".attention_weights")]
    assert len(weights) == len(model.layers)
    for key, value in run.activations.items():
        assert value.shape[0] == 1, key
        assert np.isfinite(value).all(), key


def test_unknown_names_are_errors_with_the_nearest(
    model: InterpretableModel,
) -> None:
    with model.trace(PROMPT) as run:
        pass
    with pytest.raises(UnknownSiteError, match=r"nearest: .*model\.layers\.3"):
        run.activations["model.layers.3.mpl"]
    assert "model.layers.3.mpl" not in run.activations
    assert run.activations.get("model.layers.99") is None
    assert run.get_activation("nonsense") is None
    with pytest.raises(KeyError):
        run.activations["nonsense"]
    with pytest.raises(AttributeError, match=r"its parts: .*self_attn"):
        _ = model.layers[3].nonsense
    with pytest.raises(UnknownSiteError):
        model.trace(PROMPT, interventions={"layers.99": pellucid.zero_out})
    with pytest.raises(UnknownSiteError):
        model.trace(PROMPT, sites=["layers.0.nonsense"])


def test_saved_values_are_found_by_name(model: InterpretableModel) -> None:
    with model.trace(PROMPT) as run:
        mlp = model.layers[8].mlp.output.save()
        block = model.layers[-1].output.save()
        logits = model.output.save()
    assert run.get("layers.8.mlp.output") is mlp
    assert run.get("model.layers.29.output") is block
    assert run.get("__model_output__") is logits
    assert run.get("layers.7.output") is None
    assert set(run.saved_values) == {
        "layers.8.mlp.output",
        "layers.29.output",
        "__model_output__",
    }


def test_proxies_read_as_arrays(model: InterpretableModel) -> None:
    with model.trace(PROMPT) as run:
        proxy = model.layers[0].output
        assert proxy.shape == run.activations["model.layers.0"].shape
        np.testing.assert_array_equal(
            np.asarray(proxy), run.activations["model.layers.0"]
        )
        assert proxy[0, -1].shape == (model.config.d_model,)
        with pytest.raises(UsageError, match="give interventions="):
            model.layers[0].output = 0
    with pytest.raises(UsageError, match="no trace of this model is open"):
        _ = model.layers[0].output
    with pytest.raises(UsageError, match="no trace of this model is open"):
        _ = model.output


def test_traces_nest(model: InterpretableModel) -> None:
    with model.trace(PROMPT) as outer:
        with model.trace("Two plus two") as inner:
            assert model.output.value is inner.output
        assert model.output.value is outer.output


def test_layers_are_a_list(model: InterpretableModel) -> None:
    assert len(model.layers) == 30
    assert model.layers[3].name == "model.layers.3"
    assert model.layers[-1].name == "model.layers.29"
    assert [layer.name for layer in model.layers][:2] == [
        "model.layers.0",
        "model.layers.1",
    ]
    assert [layer.name for layer in model.layers[1:3]] == [
        "model.layers.1",
        "model.layers.2",
    ]
    assert model.layers[3].mlp.gate_proj.name == "model.layers.3.mlp.gate_proj"
    assert model.model.model.layers[2].name == "model.layers.2"
    with pytest.raises(IndexError, match="numbered 0 to 29"):
        model.layers[30]
    names = dict(model.named_modules())
    assert "model.layers.0.self_attn.q_proj" in names


def test_a_ragged_batch_is_each_prompt_alone(
    model: InterpretableModel,
) -> None:
    prompts = [PROMPT, "Two", "The quick brown fox jumps over the lazy dog"]
    with model.trace(prompts) as batch:
        pass
    longest = int(batch.lengths.max())
    for i, prompt in enumerate(prompts):
        with model.trace(prompt) as alone:
            pass
        n = int(batch.lengths[i])
        for name in (
            "model.layers.7",
            "model.layers.7.self_attn.z",
            "lm_head",
        ):
            whole = batch.activations[name]
            assert whole.shape[:2] == (3, longest)
            np.testing.assert_array_equal(
                whole[i, :n], alone.activations[name][0]
            )
            assert not whole[i, n:].any()
        pattern = batch.activations["model.layers.7.self_attn.pattern"]
        np.testing.assert_array_equal(
            pattern[i, :, :n, :n],
            alone.activations["model.layers.7.self_attn.pattern"][0],
        )
        assert not pattern[i, :, n:].any()
        assert not pattern[i, :, :, n:].any()


def test_inputs_of_every_kind_are_the_same_run(
    model: InterpretableModel,
) -> None:
    ids = model.encode(PROMPT)
    expected = model.trace(PROMPT).output
    for inputs in (
        ids,
        tuple(ids),
        np.array(ids),
        np.array([ids]),
        [ids],
        [np.array(ids, dtype=np.int32)],
        [PROMPT],
    ):
        np.testing.assert_array_equal(model.trace(inputs).output, expected)
        np.testing.assert_array_equal(model(inputs), expected)


def test_sites_limit_what_is_recorded_at_once(
    model: InterpretableModel,
) -> None:
    whole = model.trace(PROMPT).activations
    run = model.trace(PROMPT, sites=["layers.2", "model.layers.*.mlp"])
    assert set(run.activations) == {
        "model.layers.2",
        *(f"model.layers.{i}.mlp" for i in range(30)),
    }
    np.testing.assert_array_equal(
        run.activations["layers.2"], whole["layers.2"]
    )
    # Others come by the same run once more.
    np.testing.assert_array_equal(
        run.activations["layers.5"], whole["layers.5"]
    )
    scores = run.activations["layers.5.self_attn.scores"]
    assert np.isneginf(scores[0, 0, 0, 1])


def test_what_is_beyond_the_budget_comes_when_asked_for(
    model: InterpretableModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = {"layers.4": pellucid.scale(0.5)}
    eager = model.trace(PROMPT, interventions=edits)
    names = list(eager.activations)
    monkeypatch.setattr(trace, "EAGER_BYTES", 1000)
    lazy = model.trace(PROMPT, interventions=edits)
    assert list(lazy.activations) == names
    for name in ("model.layers.4", "model.layers.9.mlp", "__model_output__"):
        np.testing.assert_array_equal(
            lazy.activations[name], eager.activations[name]
        )


def test_arrays_outlive_everything(default_path: object) -> None:
    model = InterpretableModel(default_path)
    run = model.trace(PROMPT)
    block = run.activations["model.layers.3"]
    before = block.copy()
    row = block[0, -1]
    del run, model, block
    gc.collect()
    np.testing.assert_array_equal(row, before[0, -1])
    row += 1  # it is the caller's own


def test_single_prompts_are_not_copied(model: InterpretableModel) -> None:
    run = model.trace(PROMPT)
    block = run.activations["model.layers.3"]
    assert run.activations["model.layers.3"] is block
    assert not block.flags.owndata  # a view of memory that C++ filled
    again = np.from_dlpack(block)
    assert np.shares_memory(again, block)


def test_models_of_other_architectures(tiny: InterpretableModel) -> None:
    with tiny.trace([1, 2, 3]) as run:
        block = tiny.layers[0].output.save()
        attention = tiny.layers[0].self_attn.output.save()
    assert run.activations["transformer.h.0"] is block
    assert run.activations["h.0"] is block
    assert run.activations["transformer.h.0.attn"] is attention
    assert find_layer_key_pattern(run.activations, 0) in run.activations
    assert tiny.tokenizer is None
    with pytest.raises(pellucid.ModelError, match="tokenizer"):
        tiny.trace("text")


def test_key_patterns(model: InterpretableModel) -> None:
    run = model.trace("Hi")
    key = find_layer_key_pattern(run.activations, 5)
    assert run.activations[key] is run.activations["model.layers.5"]
    key = find_layer_key_pattern(run.activations, 5, "mlp")
    assert run.activations[key] is run.activations["model.layers.5.mlp"]
    assert find_layer_key_pattern(run.activations, 99) is None
    assert find_layer_key_pattern({"deep.model.layers.3": 0}, 3) == (
        "deep.model.layers.3"
    )
    assert normalize_layer_key("model.model.layers.0.mlp") == "layers.0.mlp"
    assert normalize_layer_key("model.layers.5") == "layers.5"


def test_collected_activations(model: InterpretableModel) -> None:
    texts = [PROMPT, "Two"]
    run = model.trace(texts)
    found = pellucid.get_activations(model, texts, layers=[3, 8])
    assert set(found) == {"layer_3", "layer_8"}
    assert found["layer_3"].shape == (2, model.config.d_model)
    whole = run.activations["model.layers.3"]
    for i, n in enumerate(run.lengths):
        np.testing.assert_array_equal(found["layer_3"][i], whole[i, n - 1])
    two = pellucid.get_activations(model, PROMPT, [3], positions=[0, -1])
    assert two["layer_3"].shape == (1, 2, model.config.d_model)
    many = pellucid.batch_get_activations(model, texts * 2, [3], batch_size=3)
    np.testing.assert_array_equal(many["layer_3"][:2], found["layer_3"])
    with pytest.raises(UsageError, match="a prompt has 1 tokens"):
        pellucid.get_activations(model, texts, [3], positions=1)
    cache = pellucid.collect_activations(
        model, PROMPT, layers=["layers.3", "model.layers.8.mlp"]
    )
    assert cache.keys() == ["layers.3", "layers.8.mlp"]
    assert cache.get("model.model.layers.3").shape[-1] == model.config.d_model
    assert "layers.4" not in cache
