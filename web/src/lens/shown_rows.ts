/** Which rows a grid shows, from the top: the last first. */
import type { RowInfo } from '../data/page_data';

/** "embed", "12", "12 attn": the label at a row's left. */
export function rowLabel(row: RowInfo): string {
  if (row.layer < 0) return 'embed';
  const tail = row.site.split('.').at(-1) ?? '';
  return /^\d+$/.test(tail)
    ? `${row.layer}`
    : `${row.layer} ${shortSite(tail)}`;
}

function shortSite(tail: string): string {
  if (/attn|attention/.test(tail)) return 'attn';
  if (/mlp|moe|ffn/.test(tail)) return 'mlp';
  return tail === 'resid_mid' ? 'mid' : tail;
}

/**
 * Every `stride`-th layer, counted from the last; the last row, the embedding
 * row and the rows of `pinned` sites are always there.
 */
export function shownRows(
  rows: RowInfo[],
  stride: number,
  pinned: ReadonlySet<string>,
): number[] {
  const last = rows.at(-1)?.layer ?? 0;
  const out: number[] = [];
  for (let r = rows.length - 1; r >= 0; --r) {
    const row = rows[r];
    if (!row) continue;
    const always = r === rows.length - 1 || row.layer < 0;
    if (always || (last - row.layer) % stride === 0 || pinned.has(row.site)) {
      out.push(r);
    }
  }
  return out;
}
