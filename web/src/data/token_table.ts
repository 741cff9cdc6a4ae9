/** Texts and bytes of the tokens that a run mentions, by id. */
import type { TokenList } from './page_data';
import { unpackExactly } from './packed';

export class TokenTable {
  readonly #texts = new Map<number, string | null>();
  readonly #bytes = new Map<number, string>();

  add(list: TokenList): void {
    const ids = unpackExactly(list.ids, list.texts.length);
    list.texts.forEach((text, i) => this.#texts.set(ids[i] ?? 0, text));
    for (const [id, hex] of Object.entries(list.bytes ?? {})) {
      this.#bytes.set(Number(id), hex);
    }
  }

  /** The text, null where a model has none, or for an id never mentioned. */
  rawText(id: number): string | null {
    return this.#texts.get(id) ?? null;
  }

  /** For people: "<id:504>" where there is no text. */
  text(id: number): string {
    return this.rawText(id) ?? `<id:${id}>`;
  }

  /** "20 50 61": the bytes that the token stands for; "" where unknown. */
  hex(id: number): string {
    const text = this.rawText(id);
    const digits =
      this.#bytes.get(id) ??
      Array.from(new TextEncoder().encode(text ?? ''), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join('');
    return digits.replace(/(..)(?=.)/g, '$1 ');
  }

  /** The first id with that text, if any. */
  find(text: string): number | null {
    for (const [id, own] of this.#texts) if (own === text) return id;
    return null;
  }

  ids(): Iterable<number> {
    return this.#texts.keys();
  }
}
