"""Draw the random tokens that `pellucid attn --scores` draws."""

from collections.abc import Container

MULTIPLY = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
WORD = 0xFFFFFFFF
ROUNDS = 10
RANDOM_TOKENS_STREAM = 0x746F6B73


def philox(counter: tuple[int, int, int, int], key: int) -> tuple[int, ...]:
    """Compute Philox4x32-10 (Salmon et al. 2011).

    Parameters
    ----------
    counter
        Four words.
    key
        64 bits, low word first.

    Returns
    -------
    tuple of int
        Four random words.
    """
    low, high = key & WORD, key >> 32 & WORD
    for _ in range(ROUNDS):
        a = MULTIPLY[0] * counter[0]
        b = MULTIPLY[1] * counter[2]
        counter = (
            b >> 32 ^ counter[1] ^ low,
            b & WORD,
            a >> 32 ^ counter[3] ^ high,
            a & WORD,
        )
        low, high = low + WEYL[0] & WORD, high + WEYL[1] & WORD
    return counter


def draw_tokens(
    count: int,
    seed: int,
    candidates: int,
    sequence: int,
    left_out: Container[int] = (),
) -> list[int]:
    """Draw different ids evenly, as docs/attention.md says.

    Parameters
    ----------
    count
        How many.
    seed
        Key of the generator.
    candidates
        Ids are below this.
    sequence
        Second word of the counter.
    left_out
        Ids that are drawn in vain.

    Returns
    -------
    list of int
        In the order of their drawing.
    """
    pool = list(range(candidates))
    drawn: list[int] = []
    i = 0
    while len(drawn) < count:
        word = philox((i, sequence, 0, RANDOM_TOKENS_STREAM), seed)[0]
        at = i + (word * (candidates - i) >> 32)
        pool[i], pool[at] = pool[at], pool[i]
        if pool[i] not in left_out:
            drawn.append(pool[i])
        i += 1
    return drawn
