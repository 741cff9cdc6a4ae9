"""Tests of what bench/compare.py makes of numbers."""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import bench_setup
import compare
from comparison import ENGINE, ROWS, Cell, Row, Shape, agrees, count_agreeing
from comparison import share_of_peak as share
from comparison_table import (
    BEGIN,
    END,
    PageError,
    in_unit,
    medians,
    peer_cell,
    replace_between,
    spreads,
)
from peer_process import Peer, PeerError
from this_machine import busy_share
from token_ids import draw_ids, mersenne_twister_64

FORWARD = Row("forward", 5)
DECODE = Row("decode", 5)
OURS = [[7, 9.0], [3, 8.0], [1, 7.0], [4, 6.0], [9, 2.0]]
TINY = Shape(
    layers=1,
    width=2,
    heads=1,
    kv_heads=1,
    head_dim=2,
    mlp=3,
    vocab=5,
    weight_bytes=1000,
)


class CellTest(unittest.TestCase):
    def test_median_of_odd_and_even_numbers_of_runs(self) -> None:
        self.assertEqual(Cell([3.0, 1.0, 2.0]).median, 2.0)
        self.assertEqual(Cell([4.0, 1.0, 2.0, 3.0]).median, 2.5)
        self.assertIsNone(Cell().median)

    def test_json_and_back(self) -> None:
        for cell in (
            Cell([2.0, 1.0], None, (30, 31)),
            Cell([], "no such file"),
        ):
            self.assertEqual(Cell.from_json(cell.as_json()), cell)
        self.assertEqual(Cell([2.0, 1.0]).as_json()["min"], 1.0)
        self.assertEqual(Cell([2.0, 1.0]).as_json()["max"], 2.0)
        self.assertEqual(Cell().as_json(), {"error": "not run"})


class AgreementTest(unittest.TestCase):
    def test_same_tokens_and_logits(self) -> None:
        self.assertTrue(agrees(OURS, OURS[:3], 1e-3))

    def test_near_ties_may_change_places_at_the_end(self) -> None:
        ours = [[7, 9.0], [3, 8.0], [1, 7.999]]
        self.assertTrue(agrees(ours, [[7, 9.0], [1, 8.001]], 1e-3))

    def test_another_token_disagrees(self) -> None:
        self.assertFalse(agrees(OURS, [[7, 9.0], [1, 7.0]], 1e-3))

    def test_an_unknown_token_disagrees(self) -> None:
        self.assertFalse(agrees(OURS, [[8, 9.0]], 1e9))

    def test_a_logit_beyond_the_tolerance_disagrees(self) -> None:
        self.assertTrue(agrees(OURS, [[7, 9.008]], 1e-3))
        self.assertFalse(agrees(OURS, [[7, 9.010]], 1e-3))

    def test_counts_distributions(self) -> None:
        theirs = [OURS[:2], [[8, 9.0]]]
        self.assertEqual(count_agreeing([OURS, OURS], theirs, 0.1), (1, 2))

    def test_missing_distributions_are_an_error(self) -> None:
        with self.assertRaises(ValueError):
            count_agreeing([OURS, OURS], [OURS], 0.1)


class OperationsTest(unittest.TestCase):
    # By hand: q, k, v and o take 4 products of 2 x 2, the MLP 3 of 2 x 3, so
    # 34 multiply-adds a token; attention 2 x 2 of each of 3 pairs of
    # positions; the head 10.
    def test_forward(self) -> None:
        self.assertEqual(TINY.forward_flops(2), 2 * (2 * 34 + 3 * 4 + 10))

    def test_lens_adds_the_head_of_the_other_cells(self) -> None:
        more = TINY.lens_flops(2) - TINY.forward_flops(2)
        self.assertEqual(more, 2 * 10 * 3)

    def test_shares(self) -> None:
        machine = {"peak_gflops": 1e-9 * 360, "read_gbytes": 1e-6}
        row = Row("forward", 2)
        self.assertEqual(share(row, 1000.0, TINY, machine), "50% of FMA")
        self.assertEqual(share(DECODE, 0.4, TINY, machine), "40% of read")
        self.assertEqual(share(row, 1000.0, TINY, {}), "-")
        self.assertEqual(share(Row("process", 5), 1.0, TINY, machine), "-")


class TableTest(unittest.TestCase):
    def test_three_digits(self) -> None:
        self.assertEqual(in_unit(9.8765, "ms"), "9.88 ms")
        self.assertEqual(in_unit(1234.5, "ms"), "1,234 ms")
        self.assertEqual(in_unit(14321.0, "ms"), "14.3 s")
        self.assertEqual(in_unit(163.4, "tokens/s"), "163 tokens/s")

    def test_ratio_is_how_much_faster_we_are(self) -> None:
        cells = {ENGINE: Cell([10.0]), "torch f32": Cell([45.0])}
        text = peer_cell(FORWARD, "torch f32", cells)
        self.assertEqual(text, "45 ms (4.5x)")
        rates = {ENGINE: Cell([200.0]), "torch f32": Cell([10.0])}
        text = peer_cell(DECODE, "torch f32", rates)
        self.assertEqual(text, "10 tokens/s (20x)")

    def test_failures_and_disagreement_are_told(self) -> None:
        cells = {
            "torch f32": Cell(error="no module named torch"),
            "torch bf16": Cell([10.0], agree=(0, 1)),
        }
        self.assertEqual(
            peer_cell(FORWARD, "torch f32", cells), "no module named torch"
        )
        self.assertIn(
            "**top-5 agree in 0 of 1**",
            peer_cell(FORWARD, "torch bf16", cells),
        )
        self.assertEqual(peer_cell(Row("lens", 5), "llama.cpp Q4_1", {}), "-")

    def test_lines_have_as_many_cells_as_the_heading(self) -> None:
        table = {FORWARD.name: {ENGINE: Cell([1.0], error="a | b")}}
        for text in (
            medians([FORWARD], table, ["-"]),
            spreads([FORWARD], table),
        ):
            counts = {x.replace("\\|", "").count("|") for x in text.split("\n")}
            self.assertEqual(len(counts), 1, text)

    def test_replaces_what_is_between_the_markers(self) -> None:
        page = f"a\n{BEGIN}\nold\n{END}\nb\n"
        once = replace_between(page, "new")
        self.assertEqual(once, f"a\n{BEGIN}\nnew\n{END}\nb\n")
        self.assertEqual(replace_between(once, "new"), once)

    def test_refuses_a_page_without_markers(self) -> None:
        for page in ("", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"):
            with self.assertRaises(PageError):
                replace_between(page, "new")


class CommandTest(unittest.TestCase):
    def test_rows_that_only_and_quick_leave(self) -> None:
        self.assertEqual(compare.chosen_rows(None, False), list(ROWS))
        names = [x.name for x in compare.chosen_rows("lens,forward-5", True)]
        self.assertEqual(names, ["forward-5", "lens-5", "lens-128"])
        self.assertEqual(compare.chosen_rows("nonsense", False), [])

    def test_disagreement_and_failure_of_ours_fail(self) -> None:
        good = {ENGINE: Cell([1.0]).as_json()}
        self.assertEqual(compare.verdict({"a": good}), 0)
        missing = {**good, "torch f32": Cell(error="none").as_json()}
        self.assertEqual(compare.verdict({"a": missing}), 0)
        other = {**good, "torch f32": Cell([1.0], agree=(4, 5)).as_json()}
        with mock.patch.object(compare, "say"):
            self.assertEqual(compare.verdict({"a": other}), 1)
            ours = {ENGINE: Cell(error="gone").as_json()}
            self.assertEqual(compare.verdict({"a": ours}), 1)

    def test_rows_of_earlier_runs_are_kept_in_order(self) -> None:
        old = {
            "schema": compare.SCHEMA,
            "versions": {"a": 1},
            "rows": {"lens-5": 1, "forward-5": 1},
        }
        new = {"versions": {"b": 2}, "rows": {"lens-5": 2}}
        both = compare.merged(old, new)
        self.assertEqual(both["rows"], {"forward-5": 1, "lens-5": 2})
        self.assertEqual(list(both["rows"]), ["forward-5", "lens-5"])
        self.assertEqual(both["versions"], {"a": 1, "b": 2})
        self.assertEqual(compare.merged({}, new), new)

    def test_failure_of_a_peer_is_noted_and_it_is_left_alone(self) -> None:
        calls: list[str] = []

        class Failing(compare.Comparison):
            def __init__(self) -> None:
                pass

            def measure(self, name: str, *_: object) -> float:
                calls.append(name)
                if name != ENGINE:
                    raise compare.PeerError("gone")
                return 1.0

            def pause(self) -> None:
                pass

        cells = compare.run_row(Failing(), Row("process", 5), [], runs=3)
        self.assertEqual(cells[ENGINE].values, [1.0, 1.0, 1.0])
        self.assertEqual(cells["torch f32"].error, "gone")
        self.assertEqual(calls.count("torch f32"), 1)

    def test_other_work_on_the_machine_is_seen_and_told(self) -> None:
        # user, nice, system, idle, iowait, irq, softirq, steal
        before = "cpu  100 0 50 800 10 0 0 0 0 0\ncpu0 1 2\n"
        after = "cpu  120 5 55 860 10 0 0 0 0 0\ncpu0 1 2\n"
        self.assertAlmostEqual(busy_share(before, after), 1 / 3)
        self.assertEqual(busy_share(before, before), 0.0)
        machine = {
            "processor": "X",
            "cores": 2,
            "instructions": [],
            "threads": 2,
        }
        cells = {ENGINE: Cell([1.0]).as_json()}
        quiet = {"forward-5": {**cells, "others": {"busy": 0.05}}}
        loud = {"forward-5": {**cells, "others": {"busy": 0.5}}}
        for rows, told in ((quiet, False), (loud, True)):
            text = compare.as_markdown({"rows": rows, "machine": machine}, TINY)
            self.assertEqual("not to be trusted" in text, told)

    def test_variables_that_choose_kernels_are_left_out(self) -> None:
        variables = {"OPENBLAS_CORETYPE": "x", "OMP_NUM_THREADS": "1", "A": "b"}
        with mock.patch.dict("os.environ", variables, clear=True):
            kept, dropped = bench_setup.clean_environment()
        self.assertEqual(kept, {"A": "b"})
        self.assertEqual(dropped, ["OMP_NUM_THREADS", "OPENBLAS_CORETYPE"])

    def test_an_environment_that_is_up_to_date_is_left_alone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with (
                mock.patch.object(bench_setup.subprocess, "run") as run,
                mock.patch.object(bench_setup, "say"),
            ):
                run.return_value.returncode = 0
                for _ in range(2):
                    made = bench_setup.make_venv(Path(folder))
            self.assertEqual(made, Path(folder) / "bin/python")
            self.assertEqual(run.call_count, 3)  # venv, pip, pip


class PeerTest(unittest.TestCase):
    def test_answers_and_failures_of_a_process(self) -> None:
        folder = str(Path(__file__).resolve().parent)
        program = (
            f"import sys; sys.path.insert(0, {folder!r})\n"
            "from peer_process import serve\n"
            "def double(ids, steps):\n"
            "    print('noise')\n"
            "    return {'top': [[2 * i, steps] for i in ids]}\n"
            "serve({'version': 1}, {'double': double})\n"
        )
        peer = Peer([sys.executable, "-c", program], {}, timeout=30)
        try:
            self.assertEqual(peer.ready, {"version": 1})
            answer = peer.run("double", [1, 2], 3)
            self.assertEqual(answer["top"], [[2, 3], [4, 3]])
            self.assertGreaterEqual(answer["ms"], 0)
            with self.assertRaisesRegex(PeerError, "KeyError"):
                peer.run("unknown", [])
        finally:
            peer.close()

    def test_a_process_that_died_says_so_each_time(self) -> None:
        program = (
            "import os, signal\n"
            "print('{\"ready\": {}}', flush=True)\n"
            "input()\n"
            "os.kill(os.getpid(), signal.SIGILL)\n"
        )
        peer = Peer([sys.executable, "-c", program], {}, timeout=30)
        for _ in range(3):
            with self.assertRaisesRegex(PeerError, "ended by SIGILL"):
                peer.run("forward", [1])

    def test_a_process_that_cannot_start_or_says_nothing(self) -> None:
        command = [sys.executable, "-c", "raise SystemExit('no model')"]
        with self.assertRaisesRegex(PeerError, "no model"):
            Peer(command, {}, timeout=30)
        command = [sys.executable, "-c", "import time; time.sleep(60)"]
        with self.assertRaisesRegex(PeerError, "no answer in 0 s"):
            Peer(command, {}, timeout=0.2)


class TokenIdsTest(unittest.TestCase):
    # What the standard says of std::mt19937_64: its 10,000th number.
    def test_generator(self) -> None:
        numbers = mersenne_twister_64(5489)
        for _ in range(9999):
            next(numbers)
        self.assertEqual(next(numbers), 9981545732273789042)

    def test_ids_are_in_the_vocabulary_and_prompts_share_a_beginning(
        self,
    ) -> None:
        ids = draw_ids(100, 50)
        self.assertTrue(all(0 <= i < 50 for i in ids))
        self.assertEqual(draw_ids(10, 50), ids[:10])


if __name__ == "__main__":
    unittest.main()
