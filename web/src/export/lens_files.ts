/** A run as the program's own files: the CSV and JSON of `pellucid lens`. */
import type { Run, Score } from '../data/run';

/** A float32 with 9 significant digits; null where there is none. */
function number(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : null;
}

function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function lensCsv(run: Run): string {
  const lines = [
    'site,layer,position,token_id,token,k,id,text,logit,logprob,prob,' +
      'entropy,kl_to_final,logz',
  ];
  const text = (id: number) => csvField(run.tokens.rawText(id) ?? '');
  run.rows.forEach((row, r) => {
    run.positions.forEach((position, c) => {
      if (!run.ready[c]) return;
      const cell = run.cell(r, c);
      const input = run.inputId(c);
      for (let k = 0; k < run.topK; ++k) {
        const { id, logit, logprob, prob } = run.top(cell, k);
        const before = [row.site, row.layer, position, input, text(input)];
        const numbers = [
          logit,
          logprob,
          prob,
          run.entropy[cell] ?? NaN,
          run.kl[cell] ?? NaN,
          run.logz[cell] ?? NaN,
        ].map((value) => number(value) ?? '');
        lines.push([...before, k + 1, id, text(id), ...numbers].join(','));
      }
    });
  });
  return lines.join('\n') + '\n';
}

function scoreJson(run: Run, score: Score) {
  return {
    id: score.id,
    text: run.tokens.rawText(score.id),
    logit: number(score.logit),
    logprob: number(score.logprob),
    prob: number(score.prob),
  };
}

function cellJson(run: Run, r: number, c: number) {
  const cell = run.cell(r, c);
  const next = run.nextId(c);
  const top = Array.from({ length: run.topK }, (_, k) =>
    scoreJson(run, run.top(cell, k)),
  );
  const targets = Array.from(run.targets, (id, t) => {
    const at = cell * run.targets.length + t;
    const rank = run.targetRank[at] ?? 0;
    const score = run.score(cell, id, run.targetLogit[at] ?? NaN, rank);
    return { ...scoreJson(run, score), rank };
  });
  const nextScore =
    next === null
      ? null
      : run.score(
          cell,
          next,
          run.nextLogit[cell] ?? NaN,
          run.nextRank[cell] ?? 0,
        );
  return {
    position: run.positions[c],
    top,
    logz: number(run.logz[cell] ?? NaN),
    entropy: number(run.entropy[cell] ?? NaN),
    kl_to_final: number(run.kl[cell] ?? NaN),
    ...(nextScore && {
      next: {
        id: nextScore.id,
        logprob: number(nextScore.logprob),
        rank: nextScore.rank,
      },
    }),
    ...(targets.length > 0 && { targets }),
  };
}

/** Schema pellucid.lens/1, of the columns that are there. */
export function lensJson(run: Run): string {
  const columns = Array.from(run.positions, (_, c) => c).filter(
    (c) => run.ready[c],
  );
  const report = {
    schema: 'pellucid.lens/1',
    version: run.version,
    model: run.model,
    run: run.info,
    lens: run.lens,
    input: {
      text: run.text,
      tokens: Array.from(run.ids, (id) => ({
        id,
        text: run.tokens.rawText(id),
      })),
    },
    rows: run.rows.map((row, r) => ({
      ...row,
      cells: columns.map((c) => cellJson(run, r, c)),
    })),
    summary: run.end?.summary ?? [],
    ...(run.targets.length > 0 && { targets: run.end?.target_layers ?? [] }),
    checks: run.end?.checks ?? {},
    timing: run.end?.timing ?? {},
  };
  return JSON.stringify(report, null, 1) + '\n';
}
