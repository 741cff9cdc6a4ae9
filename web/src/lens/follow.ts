/**
 * What a cell knows of a token: its numbers where it is among the kept ones,
 * the input's next, the last row's first or a target; elsewhere only that it
 * ranks below the kept ones.
 */
import type { Run, Score } from '../data/run';

export interface Known extends Score {
  known: true;
}

/** Less likely than the last token that is kept, or as likely. */
export interface Below {
  known: false;
  rank: number;
  logprob: number;
  prob: number;
}

export function lookUp(
  run: Run,
  row: number,
  column: number,
  id: number,
): Known | Below {
  const cell = run.cell(row, column);
  for (let k = 0; k < run.topK; ++k) {
    if (run.topId[cell * run.topK + k] === id) {
      return { ...run.top(cell, k), known: true };
    }
  }
  const t = run.targets.indexOf(id);
  if (t >= 0) {
    const at = cell * run.targets.length + t;
    const logit = run.targetLogit[at] ?? NaN;
    return {
      ...run.score(cell, id, logit, run.targetRank[at] ?? 0),
      known: true,
    };
  }
  if (run.finalId[column] === id && run.finalRank[cell]) {
    const logit = run.finalLogit[cell] ?? NaN;
    return { ...run.score(cell, id, logit, run.finalRank[cell]), known: true };
  }
  if (run.nextId(column) === id && run.nextRank[cell]) {
    const logit = run.nextLogit[cell] ?? NaN;
    return { ...run.score(cell, id, logit, run.nextRank[cell]), known: true };
  }
  const last = run.top(cell, run.topK - 1);
  return {
    known: false,
    rank: run.topK,
    logprob: last.logprob,
    prob: last.prob,
  };
}

/**
 * The token that someone typed: the text as it is, else behind a space, as
 * words mostly stand in a vocabulary; or "id=7042". Null: no such token here.
 */
export function findToken(run: Run, typed: string): number | null {
  const number = /^\s*id=(\d+)\s*$/.exec(typed);
  if (number) return Number(number[1]);
  return run.tokens.find(typed) ?? run.tokens.find(` ${typed}`);
}
