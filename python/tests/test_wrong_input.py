"""Input that is wrong raises what the documentation says, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pellucid
import pytest
from conftest import PROMPT
from pellucid import (
    Error,
    InterpretableModel,
    ModelError,
    UnknownSiteError,
    UsageError,
)

NAN = float("nan")

# (what is called with a model, the exception, a part of its message)
CALLS: list[tuple[Callable[[InterpretableModel], object], type, str]] = [
    (lambda m: m.trace(None), TypeError, "inputs"),
    (lambda m: m.trace(b"bytes"), TypeError, "inputs"),
    (lambda m: m.trace({}), TypeError, "inputs"),
    (lambda m: m.trace(3), TypeError, ""),
    (lambda m: m.trace([]), UsageError, "inputs: are empty"),
    (lambda m: m.trace("").output, UsageError, "has no tokens"),
    (lambda m: m.trace([[]]).output, UsageError, "has no tokens"),
    (lambda m: m.trace([1.5]), TypeError, "whole number"),
    (lambda m: m.trace([True]), TypeError, "whole number"),
    (lambda m: m.trace(["a", 3]), TypeError, ""),
    (lambda m: m.trace([-1]), UsageError, "-1"),
    (lambda m: m.trace([2**40]), UsageError, ""),
    (lambda m: m.trace([49152]).output, UsageError, "vocabulary"),
    (lambda m: m.trace([7] * 9000).output, UsageError, "context is"),
    (lambda m: m.trace(np.ones((1, 2, 3), int)), UsageError, "dimensions"),
    (lambda m: m.trace(np.array(3)), UsageError, "dimensions"),
    (lambda m: m.trace(np.ones(3)), TypeError, "whole numbers"),
    (lambda m: m.trace("\ud800"), UsageError, "surrogate"),
    (lambda m: m.trace(PROMPT, sites=[3]), UnknownSiteError, "names"),
    (lambda m: m.trace(PROMPT, sites=["a.*"]).output, UnknownSiteError, "a.*"),
    (lambda m: m.encode(3), TypeError, "give a str"),
    (lambda m: m.decode("text"), TypeError, "whole number"),
    (lambda m: m.decode([1.5]), TypeError, "whole number"),
    (lambda m: m.decode([-1]), UsageError, "-1"),
    (lambda m: m.token_to_str(-1), UsageError, "-1"),
    (lambda m: m.token_to_str(49152), UsageError, "49152"),
    (lambda m: m.token_to_str("a"), TypeError, "whole number"),
    (lambda m: m.token_to_str(1.0), TypeError, "whole number"),
    (lambda m: m.to_str_tokens(3.5), TypeError, ""),
    (lambda m: m.unembed(np.ones(3)), UsageError, "576"),
    (lambda m: m.unembed(3.0), UsageError, "576"),
    (lambda m: m.unembed(np.full(576, NAN)), UsageError, "NaN"),
    (lambda m: m.unembed(["a"]), TypeError, "real numbers"),
    (lambda m: m.unembed([[1], [1, 2]]), TypeError, "array"),
    (lambda m: m.unembed(np.ones(576, complex)), TypeError, "real numbers"),
    (lambda m: m.unembed(np.full(576, 1e300)), UsageError, "infinite"),
    (lambda m: m.lens(PROMPT, layers="nonsense"), UsageError, "layers"),
    (lambda m: m.lens(PROMPT, layers=1.5), TypeError, "layers"),
    (lambda m: m.lens(PROMPT, layers=[]), UsageError, "layers"),
    (lambda m: m.lens(PROMPT, layers=99), UsageError, "99"),
    (lambda m: m.lens(PROMPT, positions=99), UsageError, "99"),
    (lambda m: m.lens(PROMPT, sites="nonsense"), UsageError, "sites"),
    (lambda m: m.lens(PROMPT, top_k=0), UsageError, "top_k"),
    (lambda m: m.lens(PROMPT, top_k=True), TypeError, "top_k"),
    (lambda m: m.lens(PROMPT, skip_first=-1), UsageError, "skip_first"),
    (lambda m: m.logit_lens([PROMPT]), TypeError, "give one text"),
    (lambda m: m.logit_lens(PROMPT, layers=["a"]), TypeError, "layers"),
    (lambda m: m.logit_lens(PROMPT, position=1.5), TypeError, "position"),
    (lambda m: m.attention_patterns(PROMPT, heads=9), UsageError, "9"),
    (lambda m: m.head_scores(1), UsageError, "n_random_tokens"),
    (lambda m: m.head_scores(50, n_repeats=1), UsageError, "n_repeats"),
    (lambda m: m.head_scores(10**6), UsageError, ""),
    (lambda m: m.layers["a"], TypeError, "layers"),
    (lambda m: m.layers[1.5], TypeError, "layers"),
    (lambda m: m.config.nonsense, AttributeError, "nonsense"),
    (lambda m: m.config["nonsense"], KeyError, "nonsense"),
    (lambda m: m.resolve("nonsense"), UnknownSiteError, "nonsense"),
    (lambda m: m.resolve(3), TypeError, "give a str"),
    (lambda m: m.model.layers.nonsense, AttributeError, "nonsense"),
    (
        lambda m: m.tokenizer.apply_chat_template([{"role": 3}]),
        Error,
        "",
    ),
]


@pytest.mark.parametrize(("call", "error", "says"), CALLS)
def test_wrong_input(
    model: InterpretableModel,
    call: Callable[[InterpretableModel], object],
    error: type,
    says: str,
) -> None:
    with pytest.raises(error) as raised:
        call(model)
    assert says in str(raised.value)


def test_classes_of_exceptions() -> None:
    assert issubclass(UsageError, ValueError)
    assert issubclass(UnknownSiteError, KeyError)
    for error in (UsageError, ModelError, UnknownSiteError):
        assert issubclass(error, Error)
    assert str(UnknownSiteError("a name")) == "a name"


def test_models_that_cannot_be_opened(tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.gguf"
    spoilt.write_bytes(b"GGUF" + bytes(100))
    for wrong in (tmp_path / "none", spoilt, tmp_path, "nonsense"):
        with pytest.raises(ModelError):
            InterpretableModel(wrong)
    for wrong in (3, b"bytes", ["a"]):
        with pytest.raises(TypeError):
            InterpretableModel(wrong)
    for wrong in ("nul\ud800", ""):
        with pytest.raises(UsageError):
            InterpretableModel(wrong)
    with pytest.raises(UsageError):
        InterpretableModel("smollm2-135m", threads=-1)


def test_the_default_model_is_found_or_asked_for(
    default_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PELLUCID_MODEL", str(default_path))
    assert pellucid.default_model().config.n_layers == 30
    monkeypatch.delenv("PELLUCID_MODEL")
    monkeypatch.setenv("PELLUCID_HOME", str(tmp_path))
    with pytest.raises(ModelError, match="script/get-model"):
        pellucid.default_model()


def test_activations_that_overflow_name_their_site(
    model: InterpretableModel,
) -> None:
    huge = np.full(model.config.d_model, 3e38, dtype=np.float32)
    edits = {"layers.3.mlp": pellucid.add_vector(huge)}
    twice = {"layers.3.mlp": [edits["layers.3.mlp"], pellucid.scale(100)]}
    with pytest.raises(ModelError, match=r"layers\.3"):
        _ = model.trace(PROMPT, twice).output


def test_bos_is_put_once(tmp_path: Path, model: InterpretableModel) -> None:
    # The default model puts none; one that is written stays what it is.
    assert model.encode("<|im_start|>Hi")[0] == model.tokenizer.bos_token_id
    assert model.to_str_tokens("Hi") == ["Hi"]
    assert model.to_str_tokens("Hi", prepend_bos=True)[1:] == ["Hi"]


def test_tokens_and_texts(model: InterpretableModel) -> None:
    ids = model.encode(PROMPT)
    assert model.decode(ids) == PROMPT
    assert model.decode(np.array([ids])) == PROMPT
    assert model.tokenizer.encode(PROMPT) == ids
    assert model.tokenizer.decode(ids) == PROMPT
    assert "".join(model.to_str_tokens(PROMPT)) == PROMPT
    assert model.to_str_tokens(np.array([ids])) == model.to_str_tokens(ids)
    assert model.encode_batch([PROMPT, "Hi"])[0] == ids
    assert len(model.tokenizer) == model.vocab_size
    half = next(
        i for i in range(1000) if model.token_to_str(i).startswith("<0x")
    )
    assert len(model.tokenizer.token_bytes(half)) == 1
    chat = model.tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}],
        add_generation_prompt=True,
        tokenize=False,
    )
    assert "<|im_start|>user\nHi<|im_end|>" in chat


def test_another_tokenizer(default_path: Path) -> None:
    class Letters:
        bos_token_id = 1

        def encode(self, text: str, add_special_tokens: bool = True) -> list:
            return [ord(c) for c in text]

        def decode(self, ids: list[int]) -> str:
            return "".join(map(chr, ids))

    model = InterpretableModel(default_path, tokenizer=Letters())
    assert model.encode("ab") == [97, 98]
    assert model.to_str_tokens("ab") == ["a", "b"]
    assert model.trace("ab").ids == [[97, 98]]
