/**
 * One run of a lens, its cells in flat arrays. Cells come in blocks of
 * positions, in any order, from a file or while a server is at it.
 *
 * Cell (row r, column c) lies at r * columns + c; row 0 is the embedding, and
 * column c is the input's position `positions[c]`.
 */
import type {
  Block,
  LensInfo,
  ModelInfo,
  RowInfo,
  RunData,
  RunEnd,
  RunInfo,
} from './page_data';
import { type Numbers, type Packed, unpack, unpackExactly } from './packed';
import { TokenTable } from './token_table';

/** Logit and rank of a token in a cell. */
export interface Score {
  id: number;
  logit: number;
  logprob: number;
  prob: number;
  /** 1 is the highest; 0: unknown. */
  rank: number;
}

export class Run {
  readonly label: string | null;
  readonly model: ModelInfo;
  readonly info: RunInfo;
  readonly lens: LensInfo;
  readonly version: string;
  readonly text: string | null;
  readonly ids: Uint32Array;
  readonly positions: Uint32Array;
  readonly targets: Uint32Array;
  readonly rows: RowInfo[];
  readonly topK: number;
  readonly tokens = new TokenTable();
  /** [rows, columns, topK] */
  readonly topId: Uint32Array;
  readonly topLogit: Float32Array;
  /** [rows, columns], nats */
  readonly logz: Float32Array;
  readonly entropy: Float32Array;
  readonly kl: Float32Array;
  readonly nextLogit: Float32Array;
  readonly nextRank: Uint32Array;
  readonly finalLogit: Float32Array;
  readonly finalRank: Uint32Array;
  /** [columns] */
  readonly finalId: Uint32Array;
  /** [columns] 1: its cells are there. */
  readonly ready: Uint8Array;
  /** [rows, columns, targets] */
  readonly targetLogit: Float32Array;
  readonly targetRank: Uint32Array;
  end: RunEnd | null;

  readonly #columnOf = new Map<number, number>();

  constructor(data: RunData) {
    this.label = data.label;
    this.model = data.model;
    this.info = data.run;
    this.lens = data.lens;
    this.version = data.version ?? '';
    this.text = data.input.text;
    this.ids = Uint32Array.from(unpack(data.input.ids));
    this.positions = Uint32Array.from(unpack(data.positions));
    this.targets = Uint32Array.from(unpack(data.targets));
    this.rows = data.rows;
    this.topK = data.top_k;
    const cells = this.rows.length * this.columns;
    this.topId = new Uint32Array(cells * this.topK);
    this.topLogit = new Float32Array(cells * this.topK);
    this.logz = new Float32Array(cells).fill(NaN);
    this.entropy = new Float32Array(cells).fill(NaN);
    this.kl = new Float32Array(cells).fill(NaN);
    this.nextLogit = new Float32Array(cells).fill(NaN);
    this.nextRank = new Uint32Array(cells);
    this.finalLogit = new Float32Array(cells).fill(NaN);
    this.finalRank = new Uint32Array(cells);
    this.finalId = new Uint32Array(this.columns);
    this.ready = new Uint8Array(this.columns);
    this.targetLogit = new Float32Array(cells * this.targets.length);
    this.targetRank = new Uint32Array(cells * this.targets.length);
    this.end =
      data.summary && data.checks && data.timing
        ? {
            summary: data.summary,
            target_layers: data.target_layers ?? [],
            checks: data.checks,
            timing: data.timing,
          }
        : null;
    this.positions.forEach((position, c) => this.#columnOf.set(position, c));
    for (const block of data.blocks) mergeBlock(this, block);
  }

  get columns(): number {
    return this.positions.length;
  }

  /** How many columns have their cells. */
  get readyColumns(): number {
    return this.ready.reduce((sum, one) => sum + one, 0);
  }

  cell(row: number, column: number): number {
    return row * this.columns + column;
  }

  columnOf(position: number): number | undefined {
    return this.#columnOf.get(position);
  }

  /** The input's token at a column. */
  inputId(column: number): number {
    return this.ids[this.positions[column] ?? 0] ?? 0;
  }

  /** The input's own next token, if there is one. */
  nextId(column: number): number | null {
    return this.ids[(this.positions[column] ?? 0) + 1] ?? null;
  }

  score(cell: number, id: number, logit: number, rank: number): Score {
    const logprob = logit - (this.logz[cell] ?? NaN);
    return { id, logit, logprob, prob: Math.exp(logprob), rank };
  }

  /** The k-th token of a cell's top, from 0. Ranks of ties are equal. */
  top(cell: number, k: number): Score {
    const begin = cell * this.topK;
    const logit = this.topLogit[begin + k] ?? NaN;
    let rank = 1;
    while (rank <= k && (this.topLogit[begin + rank - 1] ?? 0) > logit) ++rank;
    return this.score(cell, this.topId[begin + k] ?? 0, logit, rank);
  }

  topToken(cell: number): number {
    return this.topId[cell * this.topK] ?? 0;
  }
}

/** Copies [rows, P, width] of a block to its columns of [rows, columns, width]. */
function place(
  to: Uint32Array | Float32Array,
  from: Numbers,
  run: Run,
  columns: number[],
  width: number,
): void {
  const count = columns.length;
  for (let r = 0; r < run.rows.length; ++r) {
    columns.forEach((column, p) => {
      const begin = (r * count + p) * width;
      to.set(from.subarray(begin, begin + width), run.cell(r, column) * width);
    });
  }
}

/** Adds the cells of some positions. Throws where a length does not fit. */
export function mergeBlock(run: Run, block: Block): void {
  run.tokens.add(block.tokens);
  const columns = Array.from(unpack(block.positions), (position) => {
    const column = run.columnOf(position);
    if (column === undefined) throw new RangeError(`no position ${position}`);
    return column;
  });
  const cells = run.rows.length * columns.length;
  const take = (
    to: Uint32Array | Float32Array,
    packed: Packed | undefined,
    width: number,
  ) => {
    if (width === 0) return;
    if (!packed) throw new RangeError('a block lacks numbers of its targets');
    place(to, unpackExactly(packed, cells * width), run, columns, width);
  };
  take(run.topId, block.top_id, run.topK);
  take(run.topLogit, block.top_logit, run.topK);
  take(run.logz, block.logz, 1);
  take(run.entropy, block.entropy, 1);
  take(run.kl, block.kl, 1);
  take(run.nextLogit, block.next_logit, 1);
  take(run.nextRank, block.next_rank, 1);
  take(run.finalLogit, block.final_logit, 1);
  take(run.finalRank, block.final_rank, 1);
  take(run.targetLogit, block.target_logit, run.targets.length);
  take(run.targetRank, block.target_rank, run.targets.length);
  const finalIds = unpackExactly(block.final_id, columns.length);
  columns.forEach((column, p) => {
    run.finalId[column] = finalIds[p] ?? 0;
    run.ready[column] = 1;
  });
}
