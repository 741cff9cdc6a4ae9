"""The logit lens as a careful user of torch writes it, and as a script.

Every row (the embedding, each block) is decoded at every position with the
final norm and the unembedding; of each distribution the statistics are kept
that `pellucid lens` prints. Positions are worked on in pieces, so that logits
take some 100 MB and never `[rows, T, vocab]`.

    python bench/torch_lens.py FOLDER TEXT

prints each row's likeliest token at the last position.
"""

import argparse
import os
from dataclasses import dataclass
from typing import Any

import torch

# Positions decoded at a time, in all rows: a product of a few hundred cells is
# three times as fast as one of sixteen, and its logits take 100 MB. What is
# done to them goes row by row, 3 MB, which stays in the last cache.
PIECE = 16


@dataclass(frozen=True)
class LensRow:
    """Statistics of one row, one entry a position; nats."""

    top_ids: torch.Tensor  # [T, 5]
    top_logits: torch.Tensor  # [T, 5]
    logz: torch.Tensor
    entropy: torch.Tensor
    kl_to_final: torch.Tensor
    next_logprob: torch.Tensor  # of the token that follows; [T - 1]
    next_rank: torch.Tensor
    target_rank: torch.Tensor


def residuals(model: Any, ids: torch.Tensor) -> list[torch.Tensor]:
    """Return what enters block 0 and what each block puts out, [T, d]."""
    rows: list[torch.Tensor] = []

    def keep_input(_: Any, args: tuple[torch.Tensor, ...]) -> None:
        rows.append(args[0][0])

    def keep_output(_: Any, args: Any, output: Any) -> None:
        rows.append(output[0] if output.dim() == 3 else output)

    layers = model.model.layers
    hooks = [layers[0].register_forward_pre_hook(keep_input)]
    hooks += [layer.register_forward_hook(keep_output) for layer in layers]
    try:
        model.model(ids[None], use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the dots of the rows of `a` with those of `b`."""
    return torch.linalg.vecdot(a, b)


def rank(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Return 1 + the number of greater logits, for one id a row."""
    own = logits.gather(1, ids[:, None])
    # Counting in int64, the default, takes twice as long.
    return (logits > own).sum(dim=1, dtype=torch.int32) + 1


def piece_of_row(
    logits: torch.Tensor,
    final: tuple[torch.Tensor, torch.Tensor],
    following: torch.Tensor,
    target: int,
) -> LensRow:
    """Return the statistics of one row at the positions of one piece.

    Parameters
    ----------
    logits
        Of the row, [positions, vocab].
    final
        log p of the final row there and its exp.
    following
        The next token of each position that has one.
    target
        The token whose rank is wanted everywhere.
    """
    logp = logits.log_softmax(dim=1)
    top = logits.topk(5, dim=1)
    count = following.shape[0]
    return LensRow(
        top_ids=top.indices,
        top_logits=top.values,
        logz=logits[:, 0] - logp[:, 0],
        entropy=-dot(logp.exp(), logp),
        kl_to_final=dot(final[1], final[0]) - dot(final[1], logp),
        next_logprob=logp[:count].gather(1, following[:, None])[:, 0],
        next_rank=rank(logits[:count], following),
        target_rank=rank(logits, torch.full_like(top.indices[:, 0], target)),
    )


def lens(model: Any, ids: torch.Tensor, target: int) -> list[LensRow]:
    """Run the model and decode every row at every position.

    Parameters
    ----------
    model
        A Llama of transformers.
    ids
        The prompt, [T].
    target
        A token whose rank is wanted in every cell.

    Returns
    -------
    list of LensRow
        One a row, the embedding first.
    """
    rows = torch.stack(residuals(model, ids))  # [rows, T, d]
    unembed = model.lm_head.weight.T
    cells = len(rows) * min(PIECE, len(ids))
    buffer = rows.new_empty(cells, unembed.shape[1])
    pieces: list[list[LensRow]] = [[] for _ in rows]
    for begin in range(0, len(ids), PIECE):
        normed = model.model.norm(rows[:, begin : begin + PIECE])
        count = normed.shape[1]
        out = buffer[: len(rows) * count]
        torch.mm(normed.flatten(0, 1), unembed, out=out)
        logits = out.view(len(rows), count, -1)
        following = ids[begin + 1 : begin + PIECE + 1]
        final = logits[-1].float().log_softmax(dim=1)
        both = (final, final.exp())
        for row, kept in zip(logits, pieces, strict=True):
            kept.append(piece_of_row(row.float(), both, following, target))
    return [
        LensRow(
            **{
                name: torch.cat([getattr(piece, name) for piece in kept])
                for name in LensRow.__dataclass_fields__
            }
        )
        for kept in pieces
    ]


def main() -> None:
    """Print what each row says at the last position of a text."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="the model in Hugging Face's layout")
    parser.add_argument("text")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    # Here, so that the module can be had without it.
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(options.threads)
    model = AutoModelForCausalLM.from_pretrained(
        options.folder, dtype=torch.float32, attn_implementation="sdpa"
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(options.folder)
    ids = tokenizer(options.text, return_tensors="pt").input_ids[0]
    with torch.inference_mode():
        for index, row in enumerate(lens(model, ids, target=int(ids[-1]))):
            token = tokenizer.decode(row.top_ids[-1, :1])
            prob = float((row.top_logits[-1, 0] - row.logz[-1]).exp())
            print(f"{index - 1:3} {prob:8.4f} {token!r}")


if __name__ == "__main__":
    main()
