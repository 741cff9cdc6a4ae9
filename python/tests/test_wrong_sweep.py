"""Whatever is handed to a public function, it works or raises what is said.

Each function is called as it should be, but for one argument or two, which are
taken from a list of things that people hand in by mistake. Which two is drawn
with a fixed seed.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid
import pytest
from conftest import GOLDEN
from matplotlib import pyplot
from pellucid import Edit, InterpretableModel, interventions, visualization
from pellucid.core import module_resolver

NAN, INFINITY = float("nan"), float("inf")
# What the documentation names; UsageError and ModelError are Errors.
DOCUMENTED = (pellucid.Error, TypeError, MemoryError)
PAIRS = 40  # draws of two arguments, of each function
# Counts of work: a great one is no mistake, but takes its time.
COUNTS = {
    "cells",
    "n_repeats",
    "n_sequences",
    "num_steps",
    "resamples",
    "samples",
    "steps",
}

WRONG: list[Any] = [
    None,
    True,
    0,
    -1,
    7,
    2**31,
    2**63,
    -(2**70),
    1.5,
    NAN,
    INFINITY,
    1e300,
    1j,
    "",
    "nonsense",
    "0,1",
    "-1:",
    "::0",
    "a\x00b",
    "\ud800",
    b"bytes",
    [],
    [0],
    [1.5],
    ["a"],
    [[0, 1], [2]],
    [[0], "a"],
    [None],
    [NAN],
    (0, 1),
    (1, 0, 2),
    (-1, 2**70),
    {},
    {"a": 1},
    {"h.0": 3},
    {"h.0": [None]},
    {0, 1},
    slice(None),
    slice(0, 9, 0),
    slice("a", None),
    range(3, 0, -1),
    np.array(3),
    np.array([1, 2]),
    np.array([[0.5, NAN]]),
    np.zeros((0, 24)),
    np.zeros((2, 2, 2, 2, 2)),
    np.array(["a"]),
    np.array([object()]),
    np.ones(24, complex),
    np.ones(24),
    Path("/nowhere/at/all"),
    object(),
    len,
    lambda *a: None,
    lambda x: x[:1],
    Edit("h.0"),
    SimpleNamespace(weight=3, shape=(2, 2)),
]


class Letters:
    """A tokenizer, so that a tiny model takes texts."""

    bos_token_id = None

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        return [ord(c) % 60 for c in text]

    def decode(self, ids: list[int]) -> str:
        return "".join(chr(32 + i) for i in ids)


@pytest.fixture(scope="module")
def toy() -> InterpretableModel:
    """Open a model of two blocks."""
    folder = GOLDEN / "tiny_hf" / "gpt2_plain"
    return InterpretableModel(folder, tokenizer=Letters())


def calls(
    m: InterpretableModel, folder: Path
) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Give every public function, and arguments that are right."""
    trace = m.trace("abc")
    lens = m.lens("abc", targets=[3])
    grid = m.patch("abc", "abd", 1, 2)
    causal = m.causal_trace("abcd", [1], samples=1, resamples=5)
    heads = m.head_scores(4)
    patterns = trace.activations["h.0.attn.pattern"]
    steering = m.steer("ab", "cd", 0)
    state = np.ones(24, np.float32)
    edits = folder / "edits.json"
    pellucid.write_edits(m, edits, [Edit("h.0")])
    vectors = folder / "steering.safetensors"
    steering.save(m, vectors)
    kept = folder / "lens.safetensors"
    m.train_tuned_lens(["abcdefgh"], 1, cells=2, verbose=False).save(kept, m)
    iv, vis = interventions, visualization

    def applied(make: Callable[..., Any]) -> Callable[..., Any]:
        def apply(**arguments: Any) -> Any:
            made = make(**arguments)
            return m.trace("abc", {"h.0.mlp": made}).output

        apply.__signature__ = inspect.signature(make)
        return apply

    def edited(**arguments: Any) -> Any:
        return m.trace("abc", Edit(**arguments)).output

    edited.__signature__ = inspect.signature(Edit)

    def trained(**arguments: Any) -> Any:
        return pellucid.train_tuned_lens(m, verbose=False, **arguments)

    trained.__signature__ = inspect.Signature(
        [
            parameter
            for name, parameter in inspect.signature(
                pellucid.train_tuned_lens
            ).parameters.items()
            if name not in ("model", "verbose", "save_path")
        ]
    )
    detector = vis.AttentionPatternDetector()
    two = np.array([[1.0, 0.0], [0.5, 0.5]])
    return {
        "trace": (
            lambda inputs="abc", interventions=None, sites=None: m.trace(
                inputs, interventions, sites
            ).activations.copy(),
            {"inputs": "abc"},
        ),
        "activations": (trace.activations.__getitem__, {"name": "h.0"}),
        "get": (trace.get, {"name": "h.0"}),
        "get_activation": (trace.get_activation, {"name": "h.0"}),
        "call": (m, {"inputs": "abc"}),
        "unembed": (m.unembed, {"residual": state}),
        "encode": (m.encode, {"text": "abc"}),
        "encode_batch": (m.encode_batch, {"texts": ["abc"]}),
        "decode": (m.decode, {"tokens": [1]}),
        "token_to_str": (m.token_to_str, {"token_id": 1}),
        "to_str_tokens": (m.to_str_tokens, {"input": "abc"}),
        "token_id": (m.token_id, {"token": 3}),
        "resolve": (m.resolve, {"name": "h.0"}),
        "aliases": (m.aliases, {"name": "h.0"}),
        "layers": (m.layers.__getitem__, {"key": 0}),
        "lens": (m.lens, {"inputs": "abc"}),
        "logit_lens": (m.logit_lens, {"text": "abc"}),
        "tuned_lens": (m.tuned_lens, {"text": "abc", "tuned_lens": None}),
        "load_tuned_lens": (m.load_tuned_lens, {"path": kept}),
        "train_tuned_lens": (
            trained,
            {"dataset": ["abcdefgh"], "num_steps": 1, "cells": 2},
        ),
        "evaluate_lens": (m.evaluate_lens, {"dataset": ["abcd"]}),
        "prediction_depth": (m.prediction_depth, {"dataset": ["abcd"]}),
        "fit_jacobian_lens": (
            m.fit_jacobian_lens,
            {"dataset": ["abcdefgh"], "prompts": 1},
        ),
        "lens_vectors": (m.lens_vectors, {"token": 3, "layers": 0}),
        "gradient": (
            m.gradient,
            {"text": "abc", "sites": "h.0", "answer": 3},
        ),
        "attribution": (
            m.attribution,
            {"text": "abc", "answer": 3, "steps": 2},
        ),
        "attribution_patching": (
            m.attribution_patching,
            {"clean": "abc", "corrupt": "abd", "answer": 3},
        ),
        "trace.grad": (trace.grad, {"name": "h.0", "answer": 3}),
        "get_token_predictions": (
            m.get_token_predictions,
            {"hidden_state": state},
        ),
        "patch": (m.patch, {"clean": "abc", "corrupt": "abd", "answer": 3}),
        "causal_trace": (
            m.causal_trace,
            {"text": "abcd", "subject": "b", "samples": 1, "resamples": 5},
        ),
        "activation_patching": (
            m.activation_patching,
            {"clean_text": "abc", "corrupted_text": "abd"},
        ),
        "attention_patterns": (m.attention_patterns, {"text": "abc"}),
        "head_scores": (m.head_scores, {"n_random_tokens": 4}),
        "attribute": (m.attribute, {"text": "abc", "answer": 3}),
        "generate": (m.generate, {"prompt": "abc", "max_tokens": 2}),
        "steer": (m.steer, {"plus": "ab", "minus": "cd", "layers": 0}),
        "load_steering": (m.load_steering, {"path": vectors}),
        "steering.edits": (steering.edits, {}),
        "steering.save": (steering.save, {"model": m, "path": vectors}),
        "read_edits": (pellucid.read_edits, {"model": m, "path": edits}),
        "write_edits": (
            pellucid.write_edits,
            {"model": m, "path": edits, "edits": [Edit("h.0")]},
        ),
        "Edit": (edited, {"site": "h.0"}),
        "crystallization": (lens.crystallization, {}),
        "lens.metric": (lens.metric, {}),
        "lens.text": (lens.text, {"token_id": 3}),
        "lens.to_html": (lens.to_html, {}),
        "lens.plot": (lens.plot, {}),
        "grid.plot": (grid.plot, {}),
        "grid.to_html": (grid.to_html, {}),
        "causal.plot": (causal.plot, {}),
        "heads.rank": (heads.rank, {}),
        "collect_activations": (
            pellucid.collect_activations,
            {"model": m, "inputs": "abc"},
        ),
        "get_activations": (
            pellucid.get_activations,
            {"model": m, "prompts": ["abc", "d"]},
        ),
        "batch_get_activations": (
            pellucid.batch_get_activations,
            {"model": m, "prompts": ["abc", "d"]},
        ),
        "scale": (applied(iv.scale), {"factor": 2.0}),
        "add_vector": (applied(iv.add_vector), {"vector": state}),
        "replace_with": (applied(iv.replace_with), {"value": 0.5}),
        "clamp": (applied(iv.clamp), {"min_val": -1, "max_val": 1}),
        "noise": (applied(iv.noise), {}),
        "mean_ablate": (applied(iv.mean_ablate), {}),
        "project_out": (applied(iv.project_out), {"directions": state}),
        "set_component": (
            applied(iv.set_component),
            {"direction": state, "value": 1.0},
        ),
        "custom": (applied(iv.custom), {"function": lambda x: x}),
        "InterventionComposer.add": (
            applied(lambda fn: iv.InterventionComposer().add(fn).build()),
            {"fn": iv.scale(2.0)},
        ),
        "get_attention_patterns": (
            vis.get_attention_patterns,
            {"trace": trace},
        ),
        "attention_heatmap": (
            vis.attention_heatmap,
            {"attention": patterns, "tokens": list("abc")},
        ),
        "attention_from_trace": (
            vis.attention_from_trace,
            {"trace": trace, "tokens": list("abc"), "layers": [0]},
        ),
        "interactive_attention": (
            vis.interactive_attention,
            {"attention_patterns": {0: patterns}, "tokens": list("abc")},
        ),
        "save_interactive_attention": (
            vis.save_interactive_attention,
            {
                "attention_patterns": {0: patterns},
                "tokens": list("abc"),
                "filepath": folder / "attention.html",
            },
        ),
        "display_interactive_attention": (
            vis.display_interactive_attention,
            {"attention_patterns": {0: patterns}, "tokens": list("abc")},
        ),
        "interactive_attention_from_trace": (
            vis.interactive_attention_from_trace,
            {"trace": trace, "tokens": list("abc")},
        ),
        "induction_score": (
            vis.induction_score,
            {"attention_pattern": two, "seq_len": 1},
        ),
        "previous_token_score": (
            vis.previous_token_score,
            {"attention_pattern": two},
        ),
        "first_token_score": (
            vis.first_token_score,
            {"attention_pattern": two},
        ),
        "current_token_score": (
            vis.current_token_score,
            {"attention_pattern": two},
        ),
        "copying_score": (vis.copying_score, {"ov_circuit": two}),
        "AttentionPatternDetector": (vis.AttentionPatternDetector, {}),
        "analyze_head": (detector.analyze_head, {"attention_pattern": two}),
        "classify_head": (detector.classify_head, {"attention_pattern": two}),
        "detect_head_types": (
            vis.detect_head_types,
            {"model": m, "text": "abc"},
        ),
        "detect_induction_heads": (
            vis.detect_induction_heads,
            {"model": m, "n_random_tokens": 4},
        ),
        "find_attention_pattern": (
            vis.find_attention_pattern,
            {"model": m, "text": "abc", "pattern_fn": np.mean},
        ),
        "find_layer_key_pattern": (
            module_resolver.find_layer_key_pattern,
            {"activations": trace.activations, "layer_idx": 0},
        ),
    }


def parameters(function: Callable[..., Any]) -> list[str]:
    """Name those that can be given by name."""
    kinds = (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    )
    found = inspect.signature(function).parameters.values()
    return [p.name for p in found if p.kind in kinds]


def variations(
    function: Callable[..., Any], right: dict[str, Any], seed: int
) -> Iterator[dict[str, Any]]:
    """Give arguments of which one is wrong, and some of which two are."""
    names = parameters(function)
    for name in names:
        for wrong in WRONG:
            yield {**right, name: wrong}
    draw = random.Random(seed)
    for _ in range(PAIRS if len(names) > 1 else 0):
        one, two = draw.sample(names, 2)
        yield {**right, one: draw.choice(WRONG), two: draw.choice(WRONG)}


def is_long(arguments: dict[str, Any]) -> bool:
    """Whether a call would be right, and take for ever."""
    counts = [value for name, value in arguments.items() if name in COUNTS]
    return any(isinstance(n, int) and n > 1000 for n in counts)


def problem_of(
    function: Callable[..., Any], given: dict[str, Any], name: str = ""
) -> str:
    """Call it; say what it raises that it should not, or nothing."""
    documented = DOCUMENTED
    if name == "layers":  # is like a list
        documented = (*DOCUMENTED, IndexError, ValueError)
    try:
        function(**given)
    except documented as error:
        # nanobind's message names no argument.
        if "incompatible function arguments" in str(error):
            return "passes it to the binding"
        return "" if str(error) else f"says nothing: {error!r}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    finally:
        pyplot.close("all")
    return ""


@pytest.mark.filterwarnings("ignore")
def test_every_function(
    toy: InterpretableModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some names are taken for files
    problems = []
    for seed, (name, (function, right)) in enumerate(
        calls(toy, tmp_path).items()
    ):
        assert problem_of(function, right) == "", name
        for given in variations(function, right, seed):
            if is_long(given):
                continue
            problem = problem_of(function, given, name)
            if problem:
                wrong = {
                    key: value
                    for key, value in given.items()
                    if key not in right or value is not right[key]
                }
                problems.append(f"{name}({wrong}): {problem}")
    assert not problems, "\n".join(problems)


def test_every_public_name_is_called(
    toy: InterpretableModel, tmp_path: Path
) -> None:
    """So that a new one is added here."""
    called = set(calls(toy, tmp_path))
    results = {"Term"}  # what methods give; nobody calls them
    missing = []
    for module in (pellucid, interventions, visualization):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) and name not in called | results:
                missing.append(name)
    for name, value in inspect.getmembers(InterpretableModel):
        public = not name.startswith("_") and inspect.isfunction(value)
        if public and name not in called:
            missing.append(name)
    # They take no argument.
    assert set(missing) <= {"default_model", "named_modules", "sites"}
