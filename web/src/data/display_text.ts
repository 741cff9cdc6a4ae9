/**
 * Token texts as people can see them, by the rules of src/render/display_text.h:
 * blanks visible, nothing that would move, reorder or hide.
 */
const NAMED: Record<string, string> = {
  ' ': '\u00b7',
  '\n': '\u21b5',
  '\t': '\u21e5',
  '\r': '\u240d',
};
const JOINERS = new Set(['\u200c', '\u200d']);
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;
const MARK = /[\p{Mn}\p{Me}]/u;

function shown(char: string, first: boolean): string {
  const named = NAMED[char];
  if (named !== undefined) return named;
  if (JOINERS.has(char) && !first) return char;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code < 0x20 || code === 0x7f) return `<0x${hex.padStart(2, '0')}>`;
  if (HIDDEN.test(char)) return `<U+${hex.padStart(4, '0')}>`;
  return first && MARK.test(char) ? `\u25cc${char}` : char;
}

const known = new Map<string, string>();

/** One line of visible characters; "" stays "". */
export function displayText(text: string): string {
  let out = known.get(text);
  if (out === undefined) {
    out = Array.from(text, (char, i) => shown(char, i === 0)).join('');
    known.set(text, out);
  }
  return out;
}
