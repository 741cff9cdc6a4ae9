"""The C++ library. Programs use the package around it."""

from collections.abc import Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


class Tokenizer:
    def encode(self, text: str, bos: str = 'auto', add_special_tokens: bool = True, avoid_double_bos: bool = False) -> tuple[list[int], bool]:
        """Ids, and whether a second BOS token was left out."""

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str: ...

    def token_text(self, id: int) -> str: ...

    def token_bytes(self, id: int) -> bytes: ...

    def find_token(self, text: str) -> int | None: ...

    @property
    def vocab_size(self) -> int: ...

    @property
    def bos_id(self) -> int | None: ...

    @property
    def eos_id(self) -> int | None: ...

    @property
    def adds_bos(self) -> bool: ...

    @property
    def kind(self) -> str: ...

def tokenizer_of(model: Model) -> Tokenizer | None: ...

def why_no_tokenizer(model: Model) -> str: ...

def render_chat(model: Model, messages: str, add_generation_prompt: bool = False, variables: str = '{}') -> tuple:
    """Text, ids and (role, begin, end) of each turn."""

def tokens_of_text(model: Model, ids: Sequence[int], text: str) -> list[int]:
    """Positions of the tokens that a part of the text touches."""

def default_reference() -> str:
    """The model that is used where none is named."""

def find_model(ref: str) -> str:
    """The path that a reference stands for."""

def instruction_set() -> str: ...

class Model:
    @staticmethod
    def open(ref: str, threads: int = 0) -> Model: ...

    @property
    def info(self) -> dict: ...

    @property
    def threads(self) -> int: ...

    def tensors(self) -> list:
        """(name, dtype, shape, bytes) of each."""

    def sites(self) -> list:
        """(name, shape, aliases) of each."""

    def resolve(self, name: str) -> str:
        """The canonical name of a site in any spelling."""

    def feature_shape(self, name: str) -> list[int] | None:
        """What a token has at a site; None for scores and pattern."""

    def module_of_layer(self, layer: int, attention: bool) -> str:
        """The path of a block's attention module, or of its MLP."""

    @property
    def floats_per_token(self) -> int: ...

    @property
    def layer_paths(self) -> list[str]: ...

    @property
    def embedding_path(self) -> str | None: ...

    @property
    def norm_path(self) -> str | None: ...

    @property
    def head_path(self) -> str | None: ...

    @property
    def tied(self) -> bool: ...

    @property
    def stop_tokens(self) -> list[int]: ...

class Recording:
    @property
    def ids(self) -> list[int]: ...

    def names(self) -> list[str]: ...

    def take(self, name: str) -> object:
        """The array of a site, which is then no longer here."""

    def take_last_logits(self) -> object: ...

def run(model: Model, prompts: Sequence[Sequence[int]], sites: Sequence[str], edits: Sequence, last_logits: bool = False) -> list[Recording]:
    """Run prompts of any lengths: one recording each."""

def unembed(model: Model, residual: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], final_norm: bool) -> object:
    """Logits [rows, vocab] of [rows, d_model]."""

def normalise(model: Model, residual: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]) -> object:
    """The final norm of [rows, d_model]."""

def embed(model: Model, ids: Sequence[int]) -> object: ...

def embedding_matrix(model: Model, unembedding: bool) -> object: ...

def read_edits(model: Model, path: str) -> list: ...

def write_edits(model: Model, path: str, edits: Sequence) -> None: ...

class TrainedLens:
    @staticmethod
    def make(kind: str, ref: str, maps: Sequence[tuple[str, Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]]], record: Sequence[tuple[str, str]]) -> TrainedLens: ...

    @staticmethod
    def read(kind: str, path: str, model: Model) -> TrainedLens: ...

    def write(self, path: str, model: Model) -> None: ...

    def export_tuned_lens(self, folder: str, model: Model) -> None: ...

    @property
    def kind(self) -> str: ...

    @property
    def ref(self) -> str: ...

    @property
    def record(self) -> list[tuple[str, str]]: ...

    def map(self, model: Model, site: str, states: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]) -> object:
        """Of [rows, d_model]; without a map, as they are."""

    def maps(self) -> list:
        """(site, weight [d, d], bias [d]) of each."""

def read_npz(path: str) -> dict: ...

def write_npz(path: str, arrays: Sequence[tuple[str, Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]]]) -> None: ...

def cut_windows(model: Model, documents: Sequence[str], window: int) -> list[list[int]]: ...

def fit_tuned_lens(model: Model, windows: Sequence[Sequence[int]], method: str, steps: int, learning_rate: float, momentum: float, clip: float, ridge: float, cells: int, tokens_per_step: int, skip_first: int, seed: int, report: object | None) -> TrainedLens: ...

def fit_jacobian_lens(model: Model, prompts: Sequence[Sequence[int]], skip_first: int, copies: int) -> TrainedLens: ...

def evaluate_lens(model: Model, windows: Sequence[Sequence[int]], lens: TrainedLens | None, skip_first: int) -> list: ...

def measure_depths(model: Model, windows: Sequence[Sequence[int]], lens: TrainedLens | None, token: str, skip_first: int) -> dict: ...

def lens(model: Model, prompts: Sequence[Sequence[int]], layers: str = 'all', positions: str = 'all', sites: str = 'resid_post', embed_row: bool = True, top_k: int = 5, targets: Sequence[int] = [], skip_first: int = 0, follow: str = 'none', edits: Sequence = [], page: Sequence[str | None] | None = None, texts: object | None = None, lens: TrainedLens | None = None, precision: str = 'exact') -> list:
    """
    Arrays of each prompt (python/src/lens_arrays.h); with `page`, what the prompts were, also what a page shows.
    """

def patch(model: Model, clean: Sequence[int], corrupt: Sequence[int], answer: Sequence[int], foil: Sequence[int], site: str, axes: str, metric: str, direction: str, align: str, layers: str, positions: str, heads: str, window: int, clean_span: tuple[int, int], corrupt_span: tuple[int, int], texts: object | None = None, estimate: bool = False, to: str = '') -> dict: ...

def causal_trace(model: Model, ids: Sequence[int], subject: Sequence[int], kind: str, window: int | None, answer: int | None, samples: int, seed: int, noise_std: float | None, noise: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)] | None, layers: str, positions: str, resamples: int, text: str | None = None, texts: object | None = None) -> dict: ...

def embedding_deviation(model: Model) -> float: ...

def attention_patterns(model: Model, ids: Sequence[int], layers: str, heads: str) -> dict: ...

def head_scores(model: Model, n_random_tokens: int, n_repeats: int, n_sequences: int, seed: int) -> dict: ...

def attribute(model: Model, ids: Sequence[int], answer: int, foil: int | None, by: str, layers: str, position: str, top_neurons: int) -> dict: ...

def gradient(model: Model, ids: Sequence[int], sites: Sequence[str], metric: str, answer: Sequence[int], foil: Sequence[int], reference: Sequence[int]) -> tuple[float, Recording]: ...

def attribute_activations(model: Model, ids: Sequence[int], method: str, site: str, axes: str, metric: str, answer: Sequence[int], foil: Sequence[int], baseline: Sequence[int], kind: str, steps: int, layers: str, positions: str, heads: str) -> dict: ...

def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float | None: ...

def generate(model: Model, prompts: Sequence[Sequence[int]], max_tokens: int, temperature: float | None, top_k: int | None, top_p: float | None, min_p: float | None, repetition_penalty: float, seed: int | None, stop_texts: Sequence[str], stop_tokens: Sequence[int] | None, edits: Sequence, sites: Sequence[str], lens: bool, lens_top_k: int, trained: TrainedLens | None, on_text: object | None, texts: object | None = None) -> list: ...

def make_steering(model: Model, pairs: Sequence[tuple[Sequence[int], Sequence[int]]], layers: str, positions: str, method: str) -> list: ...

def lens_steering(model: Model, lens: TrainedLens | None, token: int, foil: int | None, layers: str) -> list: ...

def read_steering(model: Model, path: str) -> list: ...

def write_steering(model: Model, path: str, vectors: Sequence[tuple[int, Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)]]]) -> None: ...

def html_page(data: bytes) -> str:
    """One file, of data that a result keeps."""

def main(argv: Sequence[str]) -> int:
    """Run a command with the standard streams; argv[0] is the program."""
