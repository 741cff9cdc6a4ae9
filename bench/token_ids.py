"""The token ids that `pellucid bench` draws, so that peers run the same."""

from collections.abc import Iterator

SEED = 1  # of src/cli/bench_command.cc
WORD = (1 << 64) - 1


def mersenne_twister_64(seed: int) -> Iterator[int]:
    """Yield what std::mt19937_64 does (Nishimura & Matsumoto 2000).

    Parameters
    ----------
    seed
        As its constructor takes it.

    Yields
    ------
    int
        The next number of 64 bits.
    """
    count, middle = 312, 156
    state = [seed & WORD]
    for i in range(1, count):
        last = state[-1]
        state.append((6364136223846793005 * (last ^ (last >> 62)) + i) & WORD)
    upper, lower = WORD ^ 0x7FFFFFFF, 0x7FFFFFFF
    while True:
        for i in range(count):
            x = (state[i] & upper) | (state[(i + 1) % count] & lower)
            odd = 0xB5026F5AA96619E9 if x & 1 else 0
            state[i] = state[(i + middle) % count] ^ (x >> 1) ^ odd
        for x in state:
            x ^= (x >> 29) & 0x5555555555555555
            x ^= (x << 17) & 0x71D67FFFEDA60000
            x ^= (x << 37) & 0xFFF7EEE000000000
            yield x ^ (x >> 43)


def draw_ids(count: int, vocab_size: int) -> list[int]:
    """Return the ids of a prompt of `count` tokens."""
    numbers = mersenne_twister_64(SEED)
    return [next(numbers) % vocab_size for _ in range(count)]
