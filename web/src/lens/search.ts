/** Cells whose kept tokens hold a text. */
import type { Run } from '../data/run';

export interface Hit {
  row: number;
  column: number;
  /** Place among the kept tokens, from 0. */
  k: number;
}

/**
 * Of each cell the first kept token whose text holds `text`, whatever the
 * case; column by column, from the last row down. Blanks count.
 */
export function search(run: Run, text: string): Hit[] {
  const wanted = text.toLowerCase();
  if (wanted === '') return [];
  const matching = new Set<number>();
  for (const id of run.tokens.ids()) {
    if (run.tokens.text(id).toLowerCase().includes(wanted)) matching.add(id);
  }
  const hits: Hit[] = [];
  for (let column = 0; column < run.columns; ++column) {
    if (!run.ready[column]) continue;
    for (let row = run.rows.length - 1; row >= 0; --row) {
      const begin = run.cell(row, column) * run.topK;
      const ids = run.topId.subarray(begin, begin + run.topK);
      const k = ids.findIndex((id) => matching.has(id));
      if (k >= 0) hits.push({ row, column, k });
    }
  }
  return hits;
}
