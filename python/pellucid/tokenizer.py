"""The tokenizer of a model, with the names that transformers gives things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from . import _core
from ._arguments import bounded, checked_text, flag, token_ids, word


class Tokenizer:
    """Text to ids and back; ids are those of Hugging Face's `tokenizers`.

    `InterpretableModel.tokenizer` gives it.
    """

    def __init__(self, core: _core.Tokenizer, model: _core.Model) -> None:
        self._core = core
        self._model = model

    def encode(
        self, text: str, add_special_tokens: bool = True, bos: str = "auto"
    ) -> list[int]:
        """Encode a text as Hugging Face does.

        Parameters
        ----------
        text
            Any text.
        add_special_tokens
            Whether BOS and EOS are added where the model's tokenizer does so.
        bos
            "auto", "always" or "never".

        Returns
        -------
        list of int
            The ids.

        Raises
        ------
        UsageError
            No BOS token to put first ("always").
        """
        return self._core.encode(
            checked_text(text),
            word(bos, "bos", ("auto", "always", "never")),
            flag(add_special_tokens, "add_special_tokens"),
        )[0]

    def decode(self, token_ids_: Any, skip_special_tokens: bool = False) -> str:
        """Give the text of ids; what is no UTF-8 becomes U+FFFD."""
        if not isinstance(token_ids_, (list, tuple)) and not hasattr(
            token_ids_, "__array__"
        ):
            token_ids_ = [token_ids_]
        return self._core.decode(
            token_ids(token_ids_),
            flag(skip_special_tokens, "skip_special_tokens"),
        )

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """Give the text of each token (`InterpretableModel.token_to_str`)."""
        return [self._core.token_text(i) for i in token_ids(ids)]

    def token_bytes(self, token_id: int) -> bytes:
        """Give the bytes that a token stands for."""
        return self._core.token_bytes(
            bounded(token_id, "token_id", 0, 2**31 - 1)
        )

    def convert_tokens_to_ids(self, token: str) -> int | None:
        """Find the token whose text is this, or None."""
        return self._core.find_token(checked_text(token))

    def apply_chat_template(
        self,
        messages: Sequence[dict[str, Any]],
        add_generation_prompt: bool = False,
        tokenize: bool = True,
        **variables: Any,
    ) -> list[int] | str:
        """Lay out a conversation as the model was trained on.

        Parameters
        ----------
        messages
            Each with "role" and "content".
        add_generation_prompt
            End where the answer begins.
        tokenize
            Give ids, else text.
        **variables
            What else the template reads.

        Raises
        ------
        ModelError
            The model has no template, or one that is not supported.
        UsageError
            What the template refuses.
        """
        text, ids, _ = _core.render_chat(
            self._model,
            json.dumps(list(messages)),
            flag(add_generation_prompt, "add_generation_prompt"),
            json.dumps(variables),
        )
        return ids if tokenize else text

    def __call__(self, text: str | Sequence[str], **options: Any) -> dict:
        """Encode a text or several: ``{"input_ids": ...}``."""
        if isinstance(text, str):
            return {"input_ids": self.encode(text, **options)}
        return {"input_ids": [self.encode(one, **options) for one in text]}

    @property
    def vocab_size(self) -> int:
        """One more than the highest id."""
        return self._core.vocab_size

    def __len__(self) -> int:
        return self._core.vocab_size

    @property
    def bos_token_id(self) -> int | None:
        """The token that begins a text, if there is one."""
        return self._core.bos_id

    @property
    def eos_token_id(self) -> int | None:
        """The token that ends a text, if there is one."""
        return self._core.eos_id

    @property
    def kind(self) -> str:
        """The algorithm, such as "bpe (smollm)"."""
        return self._core.kind

    def __repr__(self) -> str:
        return f"Tokenizer({self.kind}, vocab_size={self.vocab_size})"


def tokenizer_of(model: _core.Model) -> Tokenizer | None:
    """Make the tokenizer of a model, or None: its files hold none."""
    core = _core.tokenizer_of(model)
    return None if core is None else Tokenizer(core, model)
