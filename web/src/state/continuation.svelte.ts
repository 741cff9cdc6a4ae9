/** What the model writes behind a prompt, and what it writes once changed. */
import type {
  Client,
  GenerateRequest,
  WhatIf,
  WrittenToken,
} from '../api/client';

export interface Line {
  changed: boolean;
  tokens: WrittenToken[];
  /** Null: under way. */
  finish: string | null;
}

export class Continuation {
  maxTokens = $state(20);
  /** 0: always the likeliest token. */
  temperature = $state(0);
  seed = $state(0);

  lines = $state.raw<Line[]>([]);
  busy = $state(false);
  error = $state('');

  #abort: AbortController | null = null;

  constructor(readonly client: Client) {}

  /** Writes on behind `text`; where there are changes, with and without. */
  async write(text: string, model: string, whatIf: WhatIf[]): Promise<void> {
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    this.error = '';
    this.lines = [];
    const plain: GenerateRequest = {
      text,
      ...(model !== '' && { model }),
      max_tokens: this.maxTokens,
      ...(this.temperature > 0 && {
        temperature: this.temperature,
        seed: this.seed,
      }),
    };
    try {
      await this.#line(plain, false, abort.signal);
      if (whatIf.length > 0) {
        await this.#line({ ...plain, what_if: whatIf }, true, abort.signal);
      }
    } catch (error) {
      if (!abort.signal.aborted) {
        this.error = error instanceof Error ? error.message : String(error);
      }
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.busy = false;
      }
    }
  }

  cancel(): void {
    this.#abort?.abort();
  }

  clear(): void {
    this.cancel();
    this.lines = [];
    this.error = '';
  }

  async #line(
    request: GenerateRequest,
    changed: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const before = this.lines;
    let tokens: WrittenToken[] = [];
    const show = (finish: string | null) => {
      this.lines = [...before, { changed, tokens, finish }];
    };
    show(null);
    const finish = await this.client.generate(request, signal, (token) => {
      tokens = [...tokens, token];
      show(null);
    });
    show(finish);
  }
}

export function textOf(line: Line): string {
  return line.tokens.map((token) => token.text ?? '').join('');
}
