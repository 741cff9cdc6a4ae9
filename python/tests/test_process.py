"""The module in a process: signals, threads, forks, memory, other packages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pellucid
import pytest
from conftest import PROMPT
from pellucid import InterpretableModel


def run(code: str, *arguments: object, **options: object) -> str:
    """Run a program of its own; give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    # nanobind says at the end what was not freed.
    assert "leaked" not in done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


def test_nothing_leaks(default_path: object) -> None:
    code = """
        import sys
        import numpy as np
        import pellucid
        model = pellucid.InterpretableModel(sys.argv[1])
        text = "The capital of France is"
        with model.trace(text, {"layers.3": lambda x: x * 0.5}) as trace:
            saved = model.layers[3].mlp.output.save()
        kept = trace.activations["layers.4"]
        lens = model.lens(text)
        made = model.generate(text, 2, on_text=lambda piece: None)
        grid = model.patch(text, "The capital of Italy is", " Paris", layers=3)
        heads = model.head_scores(5)
        steering = model.steer("a", "b", 3)
        norm = model._module_resolver.get_final_norm()
        try:
            model.trace(text, {"layers.3": lambda x: 1 / 0}).output
        except ZeroDivisionError as error:
            failure = error
        try:
            model.trace(text).activations["nothing"]
        except KeyError as error:
            unknown = error
        print("done")
    """
    assert run(code, default_path) == "done\n"


def test_a_thousand_traces_take_no_more_memory(
    tiny: InterpretableModel,
) -> None:
    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def traces(count: int) -> None:
        for i in range(count):
            with tiny.trace([1, 2, i % 7], {"h.0": lambda x: x + 1}) as run:
                tiny.layers[0].output.save()
            del run

    traces(200)
    before = resident()
    traces(1000)
    assert resident() - before < 4 << 20


def test_ctrl_c_stops_a_run(default_path: object) -> None:
    code = """
        import os, signal, sys, threading, time
        import pellucid
        model = pellucid.InterpretableModel(sys.argv[1])
        prompts = [[7] * 2000] * 4
        def press():
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=press).start()
        begin = time.monotonic()
        try:
            model.lens(prompts)
        except KeyboardInterrupt:
            print(time.monotonic() - begin)
        # And the next run is none the worse for it.
        print(model.generate([7, 8], 1).finish)
    """
    took, finish = run(code, default_path).split()
    assert float(took) < 3  # all of it takes minutes
    assert finish == "length"


def test_handlers_of_signals_run_meanwhile(
    model: InterpretableModel,
) -> None:
    inner = []

    def ask_more(*_: object) -> None:
        inner.append(model.trace("Hi").output)

    old = signal.signal(signal.SIGUSR1, ask_more)
    try:
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        model.lens([7] * 300, layers=[0, 29])
        timer.join()
        time.sleep(0.01)
    finally:
        signal.signal(signal.SIGUSR1, old)
    np.testing.assert_array_equal(inner[0], model.trace("Hi").output)


def test_two_threads_at_once(model: InterpretableModel) -> None:
    texts = [PROMPT, "Two plus two equals"]
    expected = [model.trace(text).output for text in texts]
    results: dict[int, list] = {0: [], 1: []}

    def work(i: int) -> None:
        for _ in range(4):
            with model.trace(
                texts[i], {"layers.3": lambda x: x.copy()}
            ) as trace:
                saved = model.output.save()
            assert trace.output is saved
            results[i].append(saved)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(2):
        assert len(results[i]) == 4
        for output in results[i]:
            np.testing.assert_array_equal(output, expected[i])


def test_the_gil_is_free_meanwhile(model: InterpretableModel) -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.01):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    model.lens([7] * 200, layers=[0, 10, 29])
    seconds = time.monotonic() - begin
    done.set()
    thread.join()
    assert ticks > 10 * seconds


def test_a_forked_child_works(default_path: object) -> None:
    code = """
        import os, signal, sys
        import pellucid
        model = pellucid.InterpretableModel(sys.argv[1], threads=2)
        text = "The capital of France is"
        before = model.trace(text).output
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # rather than hang
            same = (model.trace(text).output == before).all()
            own = pellucid.InterpretableModel(sys.argv[1], threads=2)
            same &= (own.trace(text).output == before).all()
            kept = model.trace(text, {"layers.3": lambda x: x}).output
            same &= (kept == before).all()
            os._exit(0 if same else 1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status))
        print((model.trace(text).output == before).all())
    """
    assert run(code, default_path).split() == ["0", "True"]


def test_a_pool_of_processes_works(default_path: object) -> None:
    code = """
        import multiprocessing, sys
        import pellucid
        model = pellucid.InterpretableModel(sys.argv[1], threads=2)
        def work(text):
            return model.generate(text, 2).ids
        texts = ["The capital of France is", "Two plus two equals"]
        alone = [work(text) for text in texts]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(work, texts) == alone)
    """
    assert run(code, default_path) == "True\n"


def test_without_the_optional_packages() -> None:
    code = """
        import sys
        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("matplotlib", "pandas", "IPython"):
                    raise ImportError(name)
        sys.meta_path.insert(0, Missing())
        import pellucid
        from pellucid._extras import need
        for module, extra in (("matplotlib.pyplot", "plot"),
                              ("pandas", "pandas"),
                              ("IPython.display", "notebook")):
            try:
                need(module, extra)
            except ImportError as error:
                print(error)
    """
    lines = run(code).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("matplotlib is needed for this; install it: pip")
    assert "pellucid[pandas]" in lines[1]


def test_the_command_line_is_the_program(
    default_path: object, tmp_path: object
) -> None:
    command = [sys.executable, "-m", "pellucid"]

    def call(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*command, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )

    said = call("--version")
    assert said.returncode == 0
    assert said.stdout == f"pellucid {pellucid.__version__}\n"
    wrong = call("nothing")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("pellucid: error: command line: ")
    missing = call("lens", "-m", tmp_path / "none.gguf", "text")
    assert missing.returncode == 3
    program = os.environ.get("PELLUCID_PROGRAM")
    if program is None:
        pytest.skip("PELLUCID_PROGRAM names no program to compare with")
    arguments = ["tokenize", "-m", str(default_path), PROMPT]
    own = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=True
    )
    assert call(*arguments).stdout == own.stdout


def test_activations_are_those_of_the_program(
    model: InterpretableModel, default_path: object, tmp_path: object
) -> None:
    out = tmp_path / "trace.npz"
    names = ["model.layers.3", "model.layers.*.self_attn.z", "logits"]
    subprocess.run(
        [
            *(sys.executable, "-m", "pellucid", "trace"),
            *("-m", default_path, "--sites", ",".join(names)),
            *("--out", out, PROMPT),
        ],
        check=True,
    )
    trace = model.trace(PROMPT)
    compared = 0
    with np.load(out) as recorded:
        for name in recorded.files:
            if not (name.startswith("model.layers") or name == "logits"):
                continue
            compared += 1
            np.testing.assert_array_equal(
                recorded[name], trace.activations[name][0], err_msg=name
            )
    assert compared == 32
