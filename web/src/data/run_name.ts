/** What runs are called, where there are several. */
import { displayText } from './display_text';
import type { Run } from './run';

const KINDS: Record<string, string> = {
  logit: 'Logit lens',
  tuned: 'Tuned lens',
  jacobian: 'Jacobian lens',
};

/** The kind, and behind it what a trained lens was read from. */
function lensParts(run: Run): [kind: string, file: string] {
  const kind = KINDS[run.lens.kind] ?? `${run.lens.kind} lens`;
  const file = run.lens.ref?.split('/').filter(Boolean).at(-1);
  return [kind, file ? ` ${displayText(file)}` : ''];
}

/** "Logit lens", "Tuned lens my-lens". */
export function lensName(run: Run): string {
  return lensParts(run).join('');
}

export function changesText(run: Run): string {
  const edits = run.info.edits ?? 0;
  return edits === 0 ? '' : edits === 1 ? '1 change' : `${edits} changes`;
}

/**
 * Prompt or label, of `most` characters, and what sets the run apart from a
 * plain one.
 */
export function runName(run: Run, most = Infinity): string {
  const prompt = Array.from(run.label ?? run.text ?? 'token ids');
  const parts = [
    prompt.length > most
      ? `${prompt.slice(0, most - 1).join('')}\u2026`
      : prompt.join(''),
  ];
  const [kind, file] = lensParts(run);
  if (run.lens.kind !== 'logit') parts.push(kind.toLowerCase() + file);
  // A label says so already.
  if (run.label === null && run.info.edits) parts.push(changesText(run));
  return parts.join(' \u00b7 ');
}
