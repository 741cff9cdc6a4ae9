"""Patching, causal tracing, generation, steering, heads."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pellucid
import pytest
from conftest import PROMPT
from pellucid import Edit, InterpretableModel, UnknownSiteError, UsageError
from pellucid import interventions as iv
from pellucid import visualization as viz

CLEAN = "The capital of France is"
CORRUPT = "The capital of Italy is"


def program(default_path: object, *arguments: str) -> dict:
    """Run the command line, which prints JSON."""
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "pellucid", arguments[0], "-m", str(default_path)),
            *("--json", "-", *arguments[1:]),
        ],
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


def test_patch_is_that_of_the_program(
    model: InterpretableModel, default_path: object
) -> None:
    grid = model.patch(CLEAN, CORRUPT, " Paris", " Rome", layers=[0, 20, -1])
    shown = program(
        default_path,
        *("patch", "--clean", CLEAN, "--corrupt", CORRUPT),
        *("--answer", " Paris", "--foil", " Rome", "--layers", "0,20,-1"),
    )
    assert grid.rows.tolist() == shown["rows"]
    assert grid.columns.tolist() == shown["columns"]
    np.testing.assert_allclose(grid.values, shown["values"], rtol=1e-6)
    assert grid.clean == pytest.approx(shown["clean"], rel=1e-6)
    assert grid.metric == "logit-diff"
    assert grid.column_kind == "position"
    assert grid.column_names == model.to_str_tokens(CORRUPT)


def test_a_patched_cell_is_a_run_with_that_edit(
    model: InterpretableModel,
) -> None:
    grid = model.patch(
        CLEAN, CORRUPT, " Paris", " Rome", site="mlp_out", layers=[12]
    )
    clean = model.trace(CLEAN).activations["layers.12.mlp"][0]
    edit = Edit("layers.12.mlp", "replace", positions=3, values=clean[3])
    logits = model.trace(CORRUPT, interventions=[edit]).output[0, -1]
    expected = (
        logits[model.token_id(" Paris")] - logits[model.token_id(" Rome")]
    )
    assert grid.values[0, 3] == pytest.approx(float(expected), abs=1e-5)


def test_grids_are_shown(model: InterpretableModel) -> None:
    grid = model.patch(
        CLEAN, CORRUPT, " Paris", site="z", grid="layer,head", layers=[22, 23]
    )
    assert grid.metric == "logprob"
    assert grid.values.shape == (2, model.config.n_heads)
    assert grid.column_names == [str(h) for h in range(9)]
    assert len(grid.to_pandas()) == 18
    image = grid.plot().axes[0].images[0]
    np.testing.assert_allclose(image.get_array(), grid.values)
    grid.plot("recovery").draw_without_rendering()
    with pytest.raises(UsageError):
        grid.plot("nothing")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"site": "nothing"}, UsageError),
        ({"metric": "nothing"}, UsageError),
        ({"metric": "logit-diff"}, UsageError),
        ({"layers": 30}, UsageError),
        ({"window": 0}, UsageError),
        ({"answer": ""}, UsageError),
        ({"answer": 1.5}, TypeError),
        ({"corrupt": "Another length of prompt"}, UsageError),
        ({"corrupt": [CLEAN, CORRUPT]}, TypeError),
    ],
)
def test_patch_refuses(
    model: InterpretableModel, options: dict, error: type
) -> None:
    given = {"clean": CLEAN, "corrupt": CORRUPT, "answer": " Paris"}
    with pytest.raises(error):
        model.patch(**{**given, **options})


def test_causal_trace_is_that_of_the_program(
    model: InterpretableModel, default_path: object
) -> None:
    text = "The Eiffel Tower is in the city of"
    options = {"samples": 2, "layers": [0, 10], "seed": 3}
    trace = model.causal_trace(text, "Eiffel Tower", **options)
    shown = program(
        default_path,
        *("causal-trace", text, "--subject", "Eiffel Tower"),
        *("--samples", "2", "--layers", "0,10", "--seed", "3"),
    )
    assert trace.rows.tolist() == shown["rows"]
    np.testing.assert_allclose(
        trace.values,
        [[cell["mean"] for cell in row] for row in shown["values"]]
        if isinstance(shown["values"][0][0], dict)
        else shown["values"],
        rtol=1e-6,
    )
    assert trace.answer_text == " Paris"
    assert trace.noise.shape == (2, len(trace.subject), model.config.d_model)
    assert (trace.values_low <= trace.values_high).all()
    again = model.causal_trace(
        text, trace.subject, noise=trace.noise, layers=[0, 10]
    )
    np.testing.assert_array_equal(again.values, trace.values)
    trace.plot().draw_without_rendering()
    with pytest.raises(UsageError):
        model.causal_trace(text, "London")
    with pytest.raises(UsageError):
        model.causal_trace(text, [99])


@pytest.mark.parametrize(
    ("component", "site", "metric"),
    [
        ("mlp", "mlp", "l2"),
        ("attn", "self_attn", "cosine"),
        ("mlp.gate_proj", "mlp.gate_proj", "mse"),
        ("output", "", "l2"),
    ],
)
def test_activation_patching_is_whole_runs(
    model: InterpretableModel, component: str, site: str, metric: str
) -> None:
    layers = [0, 12, 29]
    results = model.activation_patching(
        CLEAN, CORRUPT, component, layers=layers, metric=metric
    )
    assert list(results) == layers
    clean = model.trace(CLEAN)
    target = clean.output[0, -1].astype(float)

    def apart(logits: np.ndarray) -> float:
        other = logits[0, -1].astype(float)
        if metric == "cosine":
            lengths = np.linalg.norm(target) * np.linalg.norm(other)
            return 1 - target @ other / lengths
        squares = (target - other) ** 2
        return np.sqrt(squares.sum()) if metric == "l2" else squares.mean()

    baseline = apart(model.trace(CORRUPT).output)
    for layer in layers:
        name = f"layers.{layer}.{site}".rstrip(".")
        patch = {name: iv.replace_with(clean.activations[name])}
        patched = model.trace(CORRUPT, interventions=patch).output
        expected = (baseline - apart(patched)) / baseline * 100
        assert results[layer] == pytest.approx(expected, abs=1e-6)
    if component == "output":
        assert results[29] == pytest.approx(100)


def test_activation_patching_of_other_lengths(
    model: InterpretableModel,
) -> None:
    longer = "I know that the capital of Italy is"
    results = model.activation_patching(CLEAN, longer, layers=[12])
    clean = model.trace(CLEAN)
    corrupt = model.trace(longer).output[0, -1]
    patch = {
        "layers.12.mlp": iv.replace_with(clean.activations["layers.12.mlp"])
    }
    patched = model.trace(longer, interventions=patch).output[0, -1]
    baseline, left = (
        np.linalg.norm(one.astype(float) - clean.output[0, -1])
        for one in (corrupt, patched)
    )
    assert results[12] == pytest.approx((baseline - left) / baseline * 100)
    assert model.activation_patching(longer, CLEAN, layers=[12])


def test_activation_patching_refuses_and_draws(
    model: InterpretableModel,
) -> None:
    from matplotlib import pyplot

    assert set(model.activation_patching(CLEAN, CLEAN).values()) == {0.0}
    with pytest.raises(UnknownSiteError):
        model.activation_patching(CLEAN, CORRUPT, component="nothing")
    with pytest.raises(UsageError):
        model.activation_patching(CLEAN, CORRUPT, metric="l3")
    with pytest.raises(UsageError):
        model.activation_patching(CLEAN, CORRUPT, layers=[30])
    results = model.activation_patching(
        CLEAN, CORRUPT, layers=[0, 12], plot=True
    )
    bars = pyplot.gcf().axes[0].patches
    assert [bar.get_height() for bar in bars] == list(results.values())


def test_generation_is_that_of_the_program(
    model: InterpretableModel, default_path: object
) -> None:
    made = model.generate(PROMPT, max_tokens=8)
    shown = program(default_path, "generate", PROMPT, "--max-tokens", "8")
    assert made.ids == [token["id"] for token in shown["tokens"]]
    assert made.text == shown["text"] == str(made)
    assert made.finish == shown["finish"]
    said = np.array([t["logprob"] for t in shown["tokens"]], np.float32)
    np.testing.assert_array_equal(said, made.logprobs)
    assert made.prompt == model.encode(PROMPT)


def test_generation_of_a_batch_and_by_draws(
    model: InterpretableModel,
) -> None:
    texts = [PROMPT, "Once upon a time"]
    options = {"max_tokens": 6, "temperature": 0.8, "seed": 5}
    both = model.generate(texts, **options)
    for text, made in zip(texts, both, strict=True):
        assert made.ids == model.generate(text, **options).ids
    pieces: list[str] = []
    made = model.generate(PROMPT, max_tokens=6, on_text=pieces.append)
    assert "".join(pieces) == made.text
    assert len(pieces) > 1
    by_prompt: dict[int, str] = {0: "", 1: ""}

    def keep(prompt: int, text: str) -> None:
        by_prompt[prompt] += text

    both = model.generate(texts, max_tokens=6, on_text=keep)
    assert [by_prompt[i] for i in range(2)] == [made.text for made in both]
    stopped = model.generate(PROMPT, max_tokens=20, stop=".")
    assert stopped.finish == "stop"
    assert "." not in stopped.text


def test_generation_records_and_edits(model: InterpretableModel) -> None:
    made = model.generate(PROMPT, max_tokens=4, sites="layers.3", lens=2)
    ids = made.prompt + made.ids
    np.testing.assert_array_equal(
        made.activations["layers.3"],
        model.trace(ids).activations["layers.3"][0],
    )
    assert made.lens.ids.shape == (31, 4, 2)
    assert made.lens.ids[-1, :, 0].tolist() == made.ids
    steps = []

    def note(x: np.ndarray) -> np.ndarray:
        steps.append(x.shape[1])
        return x * 0.5

    called = model.generate(
        PROMPT, max_tokens=4, interventions={"layers.3.mlp": note}
    )
    edited = model.generate(
        PROMPT, max_tokens=4, interventions={"layers.3.mlp": iv.scale(0.5)}
    )
    assert called.ids == edited.ids
    assert steps == [5, 1, 1, 1]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"max_tokens": 0}, UsageError),
        ({"max_tokens": 1.5}, TypeError),
        ({"temperature": -1}, UsageError),
        ({"temperature": float("nan")}, UsageError),
        ({"top_p": 2}, UsageError),
        ({"repetition_penalty": 0}, UsageError),
        ({"stop": [""]}, UsageError),
        ({"stop": [3]}, TypeError),
        ({"sites": "nothing"}, UnknownSiteError),
        ({"interventions": {"nothing": iv.zero_out}}, UnknownSiteError),
        (
            {"interventions": {"layers.1.self_attn.pattern": lambda x: x}},
            UsageError,
        ),
    ],
)
def test_generation_refuses(
    model: InterpretableModel, options: dict, error: type
) -> None:
    with pytest.raises(error):
        model.generate(PROMPT, **{"max_tokens": 2, **options})


def test_steering(model: InterpretableModel, tmp_path: object) -> None:
    love = model.steer("I love this", "I hate this", layers=[14])
    plus, minus = (
        model.trace(text).activations["layers.14"][0, -1]
        for text in ("I love this", "I hate this")
    )
    np.testing.assert_array_equal(love[14], plus - minus)
    plain = model.generate("The movie was", max_tokens=5)
    steered = model.generate(
        "The movie was", max_tokens=5, interventions=love.edits(2)
    )
    assert steered.ids != plain.ids
    zero = model.generate(
        "The movie was", max_tokens=5, interventions=love.edits(0)
    )
    assert zero.ids == plain.ids
    for name in ("love.safetensors", "love.gguf"):
        love.save(model, tmp_path / name)
        back = model.load_steering(tmp_path / name)
        np.testing.assert_array_equal(back[14], love[14])
    pairs = model.steer(
        ["I love this", "So good"], ["I hate this", "So bad"], [3, 4], "all"
    )
    assert list(pairs) == [3, 4]
    with pytest.raises(UsageError, match="as many of both"):
        model.steer(["a", "b"], "c", 3)
    with pytest.raises(UsageError):
        model.steer("a", "b", 30)
    with pytest.raises(UsageError):
        model.steer("a", "b", 3, method="nothing")
    with pytest.raises(UsageError):
        pellucid.Steering(model, {3: np.ones(5)})


def test_attention(model: InterpretableModel) -> None:
    run = model.trace(PROMPT)
    found = model.attention_patterns(PROMPT, layers=[3, 5], heads=[0, 2])
    assert found.weights.shape == (2, 2, 5, 5)
    np.testing.assert_array_equal(
        found.weights[1, 1],
        run.activations["layers.5.self_attn.pattern"][0, 2],
    )
    patterns = viz.get_attention_patterns(run, layers=[3, 5])
    assert set(patterns) == {3, 5}
    np.testing.assert_array_equal(patterns[5][0, 2], found.weights[1, 1])
    assert len(viz.get_attention_patterns(run)) == 30
    with pytest.raises(UsageError):
        viz.get_attention_patterns(run, [30])


def test_heads(model: InterpretableModel) -> None:
    scores = model.head_scores(n_random_tokens=20)
    assert scores.induction.shape == (30, 9)
    ids = scores.sequences[0]
    begin = int(scores.has_bos)
    run = model.trace(ids)
    best = scores.rank("induction")[0]
    pattern = run.activations[f"layers.{best.layer}.self_attn.pattern"]
    inner = pattern[0, best.head, begin:, begin:]
    assert viz.induction_score(inner, 20) == pytest.approx(best.score, abs=1e-6)
    heads = viz.detect_induction_heads(model, n_random_tokens=20, threshold=0.3)
    assert heads[0] == best
    assert [h.score for h in heads] == sorted(
        (h.score for h in heads), reverse=True
    )
    assert all(h.score > 0.3 for h in heads)
    few = viz.detect_induction_heads(model, 20, threshold=0.1, layers=[2, 3])
    assert {h.layer for h in few} <= {2, 3}
    kinds = viz.detect_head_types(model, PROMPT, threshold=0.3, layers=[0, 5])
    assert set(kinds) == {
        "previous_token",
        "first_token",
        "current_token",
        "unknown",
    }
    assert {layer for heads in kinds.values() for layer, _ in heads} == {0, 5}
    first = viz.find_attention_pattern(
        model, PROMPT, lambda p: p[:, 0].mean(), threshold=0.5, layers=[5]
    )
    assert {(h.layer, h.head) for h in first} == {
        place for place in kinds["first_token"] if place[0] == 5
    } & {(h.layer, h.head) for h in first}
    with pytest.raises(UsageError):
        scores.rank("nothing")


def test_scores_of_patterns_made_by_hand() -> None:
    n = 4
    repeated = np.zeros((2 * n, 2 * n))
    for i in range(n, 2 * n):
        repeated[i, i - n + 1] = 0.5
    assert viz.induction_score(repeated, n) == pytest.approx(0.5)
    assert viz.induction_score(repeated[:2, :2], n) == 0
    before = np.eye(5, k=-1)
    assert viz.previous_token_score(before) == 1
    assert viz.current_token_score(np.eye(5)) == 1
    first = np.zeros((5, 5))
    first[:, 0] = 1
    assert viz.first_token_score(first) == 1
    assert viz.copying_score(np.eye(4)) == pytest.approx(4, rel=1e-3)
    detector = viz.AttentionPatternDetector()
    assert detector.classify_head(before) == ["previous_token"]
    assert "first_token" in detector.classify_head(first)
    assert detector.classify_head(np.full((5, 5), 0.2)) == ["unknown"]
    assert "induction" in detector.classify_head(repeated * 2, n)
    with pytest.raises(UsageError):
        viz.previous_token_score(np.ones(3))


def test_pictures_of_attention(
    model: InterpretableModel, tmp_path: object
) -> None:
    run = model.trace(PROMPT)
    tokens = model.to_str_tokens(PROMPT)
    patterns = viz.get_attention_patterns(run, [5])
    config = viz.AttentionVisualizationConfig(backend="matplotlib")
    figure = viz.attention_heatmap(
        patterns[5], tokens, head_idx=2, title="T", config=config
    )
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(np.tril(patterns[5][0, 2]), shown.filled(0))
    single = viz.attention_from_trace(run, tokens, [0], mode="single")
    assert single.axes[0].get_title() == "Layer 0, Head 0"
    grid = viz.attention_from_trace(
        run, tokens, heads=[(0, 1), (5, 2)], config=config
    )
    assert [ax.get_title() for ax in grid.axes[:2]] == ["L0H1", "L5H2"]
    page = viz.attention_from_trace(run, tokens, [0, 5], mode="interactive")
    assert page == viz.interactive_attention_from_trace(run, tokens, [0, 5])
    viz.save_interactive_attention(patterns, tokens, tmp_path / "a.html")
    assert "http" not in (tmp_path / "a.html").read_text("utf-8")
    tricky = viz.interactive_attention(
        {0: np.ones((1, 1, 1))}, ["</script><b>"]
    )
    assert "</script><b>" not in tricky
    for wrong in (
        lambda: viz.attention_heatmap(patterns[5], tokens, head_idx=9),
        lambda: viz.attention_heatmap(patterns[5], tokens[:2]),
        lambda: viz.attention_heatmap(patterns[5], tokens, backend="plotly"),
        lambda: viz.attention_from_trace(run, tokens, mode="nothing"),
        lambda: viz.attention_from_trace(run, tokens, heads=[(0, 99)]),
        lambda: viz.interactive_attention({}, tokens),
    ):
        with pytest.raises(UsageError):
            wrong()
