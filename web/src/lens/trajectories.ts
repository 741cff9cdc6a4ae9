/**
 * How the tokens of one position fare over the layers: the union of what its
 * rows keep, as lines. Rows that do not know a token bound it from above.
 */
import type { Run } from '../data/run';
import { lookUp } from './follow';

export interface LinePoint {
  row: number;
  prob: number;
  logprob: number;
  rank: number;
  known: boolean;
}

export interface TokenLine {
  id: number;
  /** The highest probability of the line, which orders lines. */
  peak: number;
  points: LinePoint[];
}

/** Rows of block outputs, and the embedding: what a line goes through. */
export function lineRows(run: Run): number[] {
  return run.rows.flatMap((row, r) => (row.norm === 'own' ? [] : [r]));
}

/** The `most` tokens with the highest peaks; `always` ones come first. */
export function trajectories(
  run: Run,
  column: number,
  most: number,
  always: number[] = [],
): TokenLine[] {
  const rows = lineRows(run);
  const peaks = new Map<number, number>();
  for (const r of rows) {
    const cell = run.cell(r, column);
    for (let k = 0; k < run.topK; ++k) {
      const { id, prob } = run.top(cell, k);
      peaks.set(id, Math.max(prob, peaks.get(id) ?? 0));
    }
  }
  const ids = [...peaks.keys()]
    .filter((id) => !always.includes(id))
    .sort((a, b) => (peaks.get(b) ?? 0) - (peaks.get(a) ?? 0));
  return [...always, ...ids]
    .slice(0, Math.max(most, always.length))
    .map((id) => ({
      id,
      peak: peaks.get(id) ?? 0,
      points: rows.map((row) => {
        const { prob, logprob, rank, known } = lookUp(run, row, column, id);
        return { row, prob, logprob, rank, known };
      }),
    }));
}
