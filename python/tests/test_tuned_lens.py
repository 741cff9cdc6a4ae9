"""Lenses that learn: fitted, kept, read through, measured."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pellucid
import pytest
from conftest import GOLDEN, PROMPT
from pellucid import InterpretableModel, TunedLens, train_tuned_lens

# As mlxterp has it.
from pellucid.tuned_lens import TunedLens as SameTunedLens

LENSES = GOLDEN / "trained_lens"
# As long as the tiny models' context lets a token follow.
IDS = [[(7 * i + j * j) % 48 for i in range(15)] for j in range(22)]


@pytest.fixture(scope="session")
def fitted(tiny: InterpretableModel) -> TunedLens:
    """Fit a lens to random weights and ids."""
    return tiny.train_tuned_lens(
        IDS, num_steps=3, cells=16, max_seq_len=16, verbose=False, ridge=0.01
    )


def sizes(model: InterpretableModel) -> tuple[int, int]:
    return len(model.layers), model.config.d_model


def test_a_new_lens_is_the_logit_lens(tiny: InterpretableModel) -> None:
    lens = TunedLens(*sizes(tiny))
    assert SameTunedLens is TunedLens
    assert len(lens.translators) == lens.num_layers
    d = lens.hidden_dim
    for one in lens.translators:
        np.testing.assert_array_equal(one.weight, np.eye(d, dtype=np.float32))
        np.testing.assert_array_equal(one.bias, np.zeros(d, np.float32))
    states = np.arange(3 * d, dtype=np.float32).reshape(1, 3, d)
    np.testing.assert_array_equal(lens(states, layer_idx=0), states)
    plain, tuned = tiny.lens(IDS[0]), tiny.lens(IDS[0], lens=lens)
    assert (plain.kind, tuned.kind) == ("logit", "tuned")
    assert tuned.title.endswith("tuned lens")
    np.testing.assert_array_equal(plain.ids, tuned.ids)
    np.testing.assert_array_equal(plain.logits, tuned.logits)


def test_translators_are_set_as_a_whole(tiny: InterpretableModel) -> None:
    layers, d = sizes(tiny)
    lens = TunedLens(layers, d)
    lens.translators[0].weight = 2 * np.eye(d)
    lens.translators[0].bias = np.ones(d)
    h = np.linspace(-1, 1, d, dtype=np.float32)
    np.testing.assert_allclose(lens(h, 0), 2 * h + 1, rtol=1e-6)
    np.testing.assert_array_equal(lens(h, 1), h)
    # Nothing is written to a copy in silence.
    with pytest.raises(ValueError, match="read-only"):
        lens.translators[0].weight[0, 0] = 3
    for wrong in (np.ones(d), np.ones((d, d + 1)), np.full((d, d), np.nan)):
        with pytest.raises(pellucid.UsageError):
            lens.translators[0].weight = wrong
    with pytest.raises(pellucid.UsageError, match="bias"):
        lens.translators[0].bias = np.ones(d + 1)
    for layer in (-1, layers):
        with pytest.raises(ValueError, match="layer_idx"):
            lens(h, layer_idx=layer)
    with pytest.raises(ValueError, match="last dimension"):
        lens(h[1:], layer_idx=0)


def test_what_is_fitted_is_closer(
    tiny: InterpretableModel, fitted: TunedLens
) -> None:
    logit = tiny.evaluate_lens(IDS, max_seq_len=16)
    tuned = tiny.evaluate_lens(IDS, fitted, max_seq_len=16)
    assert [row["site"] for row in tuned] == [row["site"] for row in logit]
    for plain, ours in zip(logit[:-1], tuned[:-1], strict=True):
        assert 0 < ours["kl_to_final"] < plain["kl_to_final"]
    assert tuned[-1] == logit[-1]
    assert tuned[-1]["kl_to_final"] == 0
    assert fitted.record["fit.method"] == "closed form"


def test_the_recipe_and_what_is_called_back(tiny: InterpretableModel) -> None:
    calls = []
    lens = train_tuned_lens(
        tiny,
        IDS,
        num_steps=4,
        max_seq_len=16,
        momentum=0.8,
        gradient_clip=0.5,
        verbose=False,
        callback=lambda step, loss: calls.append((step, loss)),
        method="recipe",
        tokens_per_step=64,
    )
    assert [step for step, _ in calls] == [0, 1, 2, 3]
    assert calls[-1][1] < calls[0][1]
    assert lens.record["fit.momentum"] == "0.8"
    assert lens.record["fit.clip"] == "0.5"

    def fails(step: int, loss: float) -> None:
        raise KeyError(step)

    with pytest.raises(KeyError):
        tiny.train_tuned_lens(IDS, 2, verbose=False, callback=fails)


def test_says_how_it_goes(
    tiny: InterpretableModel, capsys: pytest.CaptureFixture
) -> None:
    tiny.train_tuned_lens(IDS, num_steps=2, cells=4)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r"step 2 of 2: KL \d+\.\d{4} nats", lines[1])


@pytest.mark.parametrize("name", ["lens", "lens.npz", "lens.v1"])
def test_files_of_mlxterp(
    fitted: TunedLens, tiny: InterpretableModel, tmp_path: Path, name: str
) -> None:
    fitted.save(tmp_path / name)
    stem = name.removesuffix(".npz")
    assert (tmp_path / f"{stem}.npz").exists()
    assert '"num_layers"' in (tmp_path / f"{stem}.json").read_text()
    arrays = np.load(tmp_path / f"{stem}.npz")
    np.testing.assert_array_equal(
        arrays["translators_0_weight"], fitted.translators[0].weight
    )
    for lens in (
        TunedLens.load(tmp_path / name),
        tiny.load_tuned_lens(tmp_path / stem),
    ):
        assert (lens.num_layers, lens.hidden_dim) == sizes(tiny)
        pairs = zip(
            [fitted.embed, *fitted.translators],
            [lens.embed, *lens.translators],
            strict=True,
        )
        for ours, read in pairs:
            # Taking the identity away and adding it rounds once each.
            np.testing.assert_allclose(read.weight, ours.weight, atol=2**-22)
            np.testing.assert_array_equal(read.bias, ours.bias)


def test_own_files_keep_every_bit(
    fitted: TunedLens, tiny: InterpretableModel, tmp_path: Path
) -> None:
    path = tmp_path / "lens.safetensors"
    fitted.save(path, tiny)
    read = tiny.load_tuned_lens(path)
    assert read.record == fitted.record
    expected = tiny.lens(IDS[0], lens=fitted)
    for lens in (read, f"tuned:{path}"):
        np.testing.assert_array_equal(
            tiny.lens(IDS[0], lens=lens).logits, expected.logits
        )
    with pytest.raises(pellucid.UsageError, match="give model="):
        fitted.save(path)


def test_files_of_others(tiny: InterpretableModel) -> None:
    lens = tiny.load_tuned_lens(LENSES / "gpt2")
    assert isinstance(lens, TunedLens)
    assert lens.embed is not None
    assert tiny.load_tuned_lens(LENSES / "gpt2.npz").embed is None
    made = tiny.lens(IDS[0], lens=f"jacobian:{LENSES / 'gpt2.pt'}")
    assert made.kind == "jacobian"
    assert made.sites[0] != "embed"


@pytest.mark.parametrize(
    ("lens", "error", "words"),
    [
        (3, TypeError, "give a TunedLens"),
        ("tuned:", ValueError, "is no lens"),
        ("other:x", ValueError, "is no lens"),
        ("tuned:absent", pellucid.ModelError, "absent"),
        (TunedLens(1, 2), ValueError, "1 layers of 2"),
    ],
)
def test_refuses_what_is_no_lens(
    tiny: InterpretableModel, lens: object, error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        tiny.lens(IDS[0], lens=lens)
    with pytest.raises(error, match=words):
        tiny.evaluate_lens(IDS, lens)
    if isinstance(lens, int):
        return  # of a generation: how many tokens a cell shall have
    with pytest.raises(error, match=words):
        tiny.generate(IDS[0], max_tokens=1, lens=lens)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"num_steps": -1}, "num_steps"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"momentum": 0.5}, "are of the recipe"),
        ({"method": "recipe", "momentum": 1.0}, "momentum"),
        ({"method": "recipe", "gradient_clip": 0.0}, "clip"),
        ({"method": "newton"}, "closed-form, recipe"),
        ({"max_seq_len": 1}, "max_seq_len"),
        ({"skip_first": 40}, "positions"),
    ],
)
def test_refuses_options(
    tiny: InterpretableModel, options: dict, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        tiny.train_tuned_lens(IDS, verbose=False, **options)


def test_refuses_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "lens.npz"
    np.savez(path, translators_0_weight=np.ones((3, 2), np.float32))
    with pytest.raises(pellucid.ModelError, match="translators_0"):
        TunedLens.load(path)
    np.savez(path, other=np.ones(2, np.float32))
    with pytest.raises(pellucid.ModelError, match="has no map"):
        TunedLens.load(path)
    np.savez(path, translators_0_weight=np.array([object()], dtype=object))
    with pytest.raises(pellucid.ModelError):
        TunedLens.load(path)
    path.write_bytes(b"PK")
    with pytest.raises(pellucid.ModelError):
        TunedLens.load(path)


def test_what_is_generated_through_a_lens(
    tiny: InterpretableModel, fitted: TunedLens
) -> None:
    made = tiny.generate(IDS[0][:6], max_tokens=3, lens=fitted)
    whole = tiny.lens(made.prompt + made.ids, lens=fitted)
    assert made.lens.kind == "tuned"
    np.testing.assert_array_equal(
        made.lens.logits, whole.logits[:, made.lens.positions]
    )


def test_jacobian_lens(tiny: InterpretableModel, tmp_path: Path) -> None:
    lens = tiny.fit_jacobian_lens(IDS, prompts=3, max_seq_len=8, skip_first=1)
    assert lens.layers == list(range(len(tiny.layers) - 1))
    assert all(0 < error < 1 for error in lens.standard_error.values())
    assert lens.record["fit.prompts"] == "3"
    made = tiny.lens(IDS[0], lens=lens)
    assert made.kind == "jacobian"
    states = tiny.trace(IDS[0]).activations["transformer.h.0"][0]
    logits = tiny.unembed(states @ lens[0].T)
    np.testing.assert_allclose(
        made.logits[0, :, 0], logits.max(axis=-1), rtol=1e-4, atol=1e-4
    )
    lens.save(tmp_path / "lens.safetensors", tiny)
    again = tiny.lens(IDS[0], lens=f"jacobian:{tmp_path}/lens.safetensors")
    np.testing.assert_array_equal(again.logits, made.logits)
    with pytest.raises(ValueError, match="no matrix"):
        lens[len(tiny.layers) - 1]
    one = tiny.fit_jacobian_lens(IDS[:1], prompts=1, max_seq_len=8)
    assert one.standard_error == {}
    with pytest.raises(ValueError, match="no prompts"):
        tiny.fit_jacobian_lens([[1, 2]])


def test_lens_vectors(tiny: InterpretableModel, fitted: TunedLens) -> None:
    head = tiny.unembed(np.eye(tiny.config.d_model), final_norm=False)
    for lens in (None, fitted):
        made = tiny.lens_vectors(7, [0, 1], lens, foil=9)
        assert list(made) == [0, 1]
        for layer in made:
            assert np.linalg.norm(made[layer]) == pytest.approx(1, abs=1e-6)
            # The difference of logits grows along it.
            states = tiny.trace(IDS[0]).activations[f"transformer.h.{layer}"][0]
            moved = states + 0.01 * made[layer]
            if lens is not None and layer + 1 < len(tiny.layers):
                states, moved = (lens(h, layer) for h in (states, moved))
            before, after = tiny.unembed(states), tiny.unembed(moved)
            assert ((after - before)[:, 7] > (after - before)[:, 9]).all()
    assert head.shape[0] == tiny.config.d_model
    with pytest.raises(ValueError, match="own foil"):
        tiny.lens_vectors(7, 0, foil=7)


def test_prediction_depth(tiny: InterpretableModel, fitted: TunedLens) -> None:
    for lens in (None, fitted):
        depths = tiny.prediction_depth(IDS, lens, max_seq_len=15)
        shown = tiny.lens(IDS[3], lens=lens)
        mine = np.flatnonzero(depths["window"] == 3)
        assert depths["position"][mine].tolist() == list(range(1, 15))
        for at in mine[:5]:
            token = int(depths["id"][at])
            position = depths["position"][at]
            assert token == shown.ids[-1, position, 0]
            made = shown.crystallization(token)
            assert made.first_hit[position] == depths["first_hit"][at]
            assert made.stable_from[position] == depths["stable_from"][at]
    after = tiny.prediction_depth(IDS, token="next", skip_first=0)
    assert len(after["id"]) == sum(len(ids) - 1 for ids in IDS)
    assert after["id"][:14].tolist() == IDS[0][1:]
    with pytest.raises(ValueError, match="predicted, next"):
        tiny.prediction_depth(IDS, token="last")


def test_the_default_model_learns_from_text(model: InterpretableModel) -> None:
    texts = ["Paris is the capital of France.", "Water boils when it is hot."]
    lens = model.train_tuned_lens(texts * 4, 1, cells=8, verbose=False)
    results = model.tuned_lens(PROMPT, lens, layers=[5, 29], top_k=2)
    assert list(results) == [5, 29]
    assert results[29] == model.logit_lens(PROMPT, layers=[29], top_k=2)[29]
    assert results[5] != model.logit_lens(PROMPT, layers=[5], top_k=2)[5]
    norm = model._module_resolver.get_final_norm()
    other = model.tuned_lens(PROMPT, lens, layers=[5], final_norm=norm, top_k=2)
    for ours, own in zip(other[5], results[5], strict=True):
        assert [t[0] for t in ours] == [t[0] for t in own]
        np.testing.assert_allclose(
            [t[1] for t in ours], [t[1] for t in own], rtol=1e-5
        )
    model.tuned_lens(PROMPT, lens, plot=True, position=-1, layers=[29, 3])
    from matplotlib import pyplot

    assert "(tuned lens)" in pyplot.gcf().axes[0].get_title()
