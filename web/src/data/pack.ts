/** A run back into the page's data, so that a served one can be kept as a file. */
import { type Packed } from './packed';
import { type PageData, type RunData, SCHEMA } from './page_data';
import type { Run } from './run';

function base64(array: Uint32Array | Float32Array): string {
  const bytes = new Uint8Array(
    array.buffer,
    array.byteOffset,
    array.byteLength,
  );
  const CHUNK = 0x8000; // arguments of a call have a limit
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return btoa(text);
}

function pack(array: Uint32Array | Float32Array): Packed {
  return array instanceof Float32Array
    ? { f32: base64(array) }
    : { u32: base64(array) };
}

/** All of a run that has all its cells. */
export function packRun(run: Run): RunData {
  const ids = [...run.tokens.ids()];
  return {
    label: run.label,
    version: run.version,
    model: run.model,
    run: run.info,
    lens: run.lens,
    input: { text: run.text, ids: pack(run.ids) },
    top_k: run.topK,
    rows: run.rows,
    positions: pack(run.positions),
    targets: pack(run.targets),
    blocks: [
      {
        positions: pack(run.positions),
        tokens: {
          ids: pack(Uint32Array.from(ids)),
          texts: ids.map((id) => run.tokens.rawText(id)),
          bytes: run.tokens.bytes(),
        },
        top_id: pack(run.topId),
        top_logit: pack(run.topLogit),
        logz: pack(run.logz),
        entropy: pack(run.entropy),
        kl: pack(run.kl),
        next_logit: pack(run.nextLogit),
        next_rank: pack(run.nextRank),
        final_id: pack(run.finalId),
        final_logit: pack(run.finalLogit),
        final_rank: pack(run.finalRank),
        target_logit: pack(run.targetLogit),
        target_rank: pack(run.targetRank),
      },
    ],
    ...run.end,
  };
}

const SLOT =
  /(<script type="application\/json" id="pellucid-data">)[\s\S]*?(<\/script>)/;

/** The served page as a file that holds `runs` and connects to nothing. */
export function staticPage(template: string, runs: Run[]): string {
  const data: PageData = {
    schema: SCHEMA,
    version: runs[0]?.version ?? '',
    kind: 'lens',
    runs: runs.map(packRun),
  };
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return template
    .replace("connect-src 'self'", "connect-src 'none'")
    .replace(SLOT, (_, begin: string, end: string) => begin + json + end);
}
