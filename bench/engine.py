"""The engine as one of the peers, by its command line.

Each turn is a process: it loads, does the work once untimed and then once
timed (`pellucid bench --repeat 1`), so the numbers are those that anybody gets
from the same command.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comparison import Distribution, Shape
from peer_process import PeerError

KEPT = 40  # tokens a distribution, to find those of peers among them
STEPS = 64  # tokens of one turn of decoding


class Engine:
    """The program, on one model.

    Parameters
    ----------
    program
        `pellucid`.
    model
        What it opens.
    threads
        That it uses.
    environment
        Its variables.
    timeout
        Seconds until a process is given up.
    """

    def __init__(
        self,
        program: Path,
        model: Path,
        threads: int,
        environment: Mapping[str, str],
        timeout: float,
    ) -> None:
        self._program = program
        self._model = ["--model", str(model)]
        self._run_options = [*self._model, "--threads", str(threads)]
        self._environment = dict(environment)
        self._timeout = timeout

    def output(self, command: str, *arguments: str) -> str:
        """Return what one command prints."""
        full = [str(self._program), command, *arguments]
        try:
            done = subprocess.run(
                full,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=self._timeout,
            )
        except subprocess.TimeoutExpired:
            raise PeerError(f"no answer in {self._timeout:.0f} s") from None
        except OSError as error:
            raise PeerError(str(error)) from None
        if done.returncode != 0:
            status = f"exit status {done.returncode}"
            raise PeerError(([status, *done.stderr.split("\n")[:-1]])[-1])
        return done.stdout

    def _json(self, command: str, *arguments: str) -> dict[str, Any]:
        return json.loads(self.output(command, *arguments, "--json", "-"))

    def info(self) -> dict[str, Any]:
        """Return what `info` says of the model, with its tensors."""
        return self._json("info", *self._model, "--tensors")

    def shape(self) -> Shape:
        """Return the sizes of the model."""
        info = self.info()
        model, config = info["model"], info["config"]
        return Shape(
            layers=model["n_layers"],
            width=model["d_model"],
            heads=config["n_heads"],
            kv_heads=config["n_kv_heads"],
            head_dim=config["head_dim"],
            mlp=config["d_mlp"],
            vocab=model["vocab_size"],
            weight_bytes=sum(tensor["bytes"] for tensor in info["tensors"]),
        )

    def bench(self, what: str, tokens: int, repeat: int = 1) -> dict[str, Any]:
        """Return what `bench` says."""
        arguments = ("--what", what, "--tokens", str(tokens))
        return self._json(
            "bench", *self._run_options, *arguments, "--repeat", str(repeat)
        )

    def measure(self, work: str, tokens: int) -> float:
        """Return the time of one run in ms, or tokens a second."""
        if work == "decode":
            return self.bench(work, tokens, repeat=STEPS)["tokens_per_s"]
        return self.bench(work, tokens)["median_ms"]

    def lens(self, ids: Sequence[int], *arguments: str) -> dict[str, Any]:
        """Return the lens of a prompt of ids."""
        listed = ",".join(map(str, ids))
        return self._json(
            "lens", *self._run_options, "--ids", listed, *arguments
        )

    def distributions(
        self, ids: Sequence[int], work: str
    ) -> list[Distribution]:
        """Return the likeliest tokens at the last position.

        Of every row for the work `lens`, else of the last row.
        """
        rows = ("--layers", "all" if work == "lens" else "-1")
        options = ("--positions", "last", "--top-k", str(KEPT))
        lens = self.lens(ids, *rows, *options)
        cells = [row["cells"][0] for row in lens["rows"]]
        return [[[x["id"], x["logit"]] for x in c["top"]] for c in cells]

    def lens_command(self, text: str) -> list[str]:
        """Return the command of a whole lens of a text."""
        return [str(self._program), "lens", *self._run_options, text]
