/**
 * What a reader does with a server: a prompt and its options, the run that is
 * under way, and all that came before.
 */
import {
  Client,
  type LensEvents,
  type LensRequest,
  type ModelChoices,
  type ModelEntry,
  type WhatIf,
} from '../api/client';
import { mergeBlock, Run } from '../data/run';
import { Ahead, sameRequest } from './ahead';
import { Continuation } from './continuation.svelte';
import type { View } from './view.svelte';

/** Runs that are kept; the oldest goes first. */
const MOST_RUNS = 20;

export interface Entry {
  request: LensRequest;
  run: Run;
}

/** The model's own head, which every model has. */
const LOGIT = 'logit';

/** A page that is not in sight gets no frames, and goes on all the same. */
const LONGEST_FRAME = 250; // ms

function nextFrame(): Promise<void> {
  return new Promise((done) => {
    requestAnimationFrame(() => done());
    setTimeout(done, LONGEST_FRAME);
  });
}

/** Behind the lines of the same chunk, which are read in microtasks. */
const nextTask = () => new Promise<void>((done) => setTimeout(done));

export class Session {
  text = $state('');
  model = $state('');
  lens = $state(LOGIT);
  layers = $state('all');
  positions = $state('all');
  sites = $state('resid_post');
  topK = $state(10);
  targets = $state.raw<string[]>([]);
  whatIf = $state.raw<WhatIf[]>([]);
  /** Prompts are run while they are typed. */
  typesAhead = $state(true);

  models = $state.raw<ModelEntry[]>([]);
  /** Of the chosen model; null: not known yet. */
  choices = $state.raw<ModelChoices | null>(null);
  entries = $state.raw<Entry[]>([]);
  busy = $state(false);
  error = $state('');
  status = $state('');

  readonly continuation: Continuation;

  readonly #ahead: Ahead;
  #abort: AbortController | null = null;
  /** Null: nothing is to be drawn. */
  #drawn: Promise<void> | null = null;
  #drewInFrame = false;
  #added: { entry: Entry; before: Run | null }[] = [];

  constructor(
    readonly client: Client,
    readonly view: View,
  ) {
    this.continuation = new Continuation(client);
    this.#ahead = new Ahead(client);
  }

  async loadModels(): Promise<void> {
    try {
      const found = await this.client.models();
      this.models = found.models;
      await this.choose(this.model === '' ? found.default : this.model);
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  /** Turns to a model, and asks what can be chosen of it. */
  async choose(model: string): Promise<void> {
    this.model = model;
    this.choices = null;
    try {
      const choices = await this.client.choices(model);
      if (this.model !== model) return;
      this.choices = choices;
      if (!choices.lenses.includes(this.lens)) this.lens = LOGIT;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  #request(whatIf: WhatIf[]): LensRequest {
    return {
      text: this.text,
      ...(this.model !== '' && { model: this.model }),
      ...(this.lens !== LOGIT && { lens: this.lens }),
      layers: this.layers,
      positions: this.positions,
      sites: this.sites,
      top_k: this.topK,
      targets: this.targets,
      what_if: whatIf,
    };
  }

  /** Somebody changes the prompt. */
  type(text: string): void {
    this.text = text;
    if (!this.typesAhead || this.busy || this.continuation.busy) return;
    this.#ahead.want(this.#request([]));
  }

  /**
   * Runs the prompt. With changes, first without them if that run is not there
   * yet: then both are shown, as A and B.
   */
  async submit(): Promise<void> {
    if (this.text === '') return;
    this.cancel();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    this.error = '';
    this.status = 'waiting';
    const begun = performance.now();
    try {
      const clean = this.#request([]);
      const known = this.entries.find((e) => sameRequest(e.request, clean));
      const a =
        known && this.whatIf.length > 0
          ? known.run
          : await this.#run(clean, abort.signal, null);
      if (this.whatIf.length > 0) {
        await this.#run(this.#request(this.whatIf), abort.signal, a);
      }
      await this.#drawn;
      const took = Math.round(performance.now() - begun);
      this.status = `${a.columns} positions in ${took} ms`;
    } catch (error) {
      if (abort.signal.aborted) {
        if (this.#abort === abort) this.status = 'cancelled';
        return;
      }
      this.status = '';
      this.error = error instanceof Error ? error.message : String(error);
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

  /**
   * One run; shown beside `before`, if given, from its first cells on: only
   * with these come the texts of its tokens.
   */
  async #run(
    request: LensRequest,
    signal: AbortSignal,
    before: Run | null,
  ): Promise<Run> {
    let run: Run | null = null;
    const events: LensEvents = {
      run: (data) => {
        run = new Run(data);
      },
      block: (block) => {
        if (!run) return;
        if (run.readyColumns === 0) {
          this.#added.push({ entry: { request, run }, before });
        }
        mergeBlock(run, block);
        this.status = `${run.readyColumns} of ${run.columns} positions`;
        this.#redraw();
      },
      end: (end) => {
        if (run) run.end = end;
        this.#redraw();
      },
    };
    const begun = this.#ahead.take(request);
    await (begun
      ? begun.handOver(signal, events)
      : this.client.lens(request, signal, events));
    if (!run) throw new Error('the server sent no run');
    return run;
  }

  #add(entry: Entry, before: Run | null): void {
    const kept = this.entries
      .filter((e) => !sameRequest(e.request, entry.request))
      .slice(-MOST_RUNS + 1);
    this.entries = [...kept, entry];
    const runs = this.entries.map((e) => e.run);
    const at = runs.length - 1;
    const a = before ? runs.indexOf(before) : -1;
    if (a >= 0) {
      this.view.setRuns(runs, a);
      this.view.b = at;
      if (this.view.mode === 'one') this.view.mode = 'both';
    } else {
      this.view.setRuns(runs, at);
      this.view.mode = 'one';
      this.view.cursor = null;
    }
  }

  /** At once, but at most once a frame, however fast blocks come. */
  #redraw(): void {
    const turn = this.#drewInFrame ? nextFrame : nextTask;
    this.#drawn ??= turn().then(() => {
      this.#drawn = null;
      this.#drewInFrame = true;
      void nextFrame().then(() => (this.#drewInFrame = false));
      for (const { entry, before } of this.#added) this.#add(entry, before);
      this.#added = [];
      this.view.version += 1;
    });
  }

  /** Shows a former run and what it was asked for. */
  restore(entry: Entry): void {
    const { request } = entry;
    this.text = request.text;
    if (request.model && request.model !== this.model) {
      void this.choose(request.model);
    }
    this.lens = request.lens ?? LOGIT;
    this.layers = request.layers ?? 'all';
    this.positions = request.positions ?? 'all';
    this.sites = request.sites ?? 'resid_post';
    this.topK = request.top_k ?? this.topK;
    this.targets = request.targets ?? [];
    this.whatIf = request.what_if ?? [];
    this.view.a = this.entries.indexOf(entry);
    this.view.mode = 'one';
  }

  /** Writes on behind the prompt. */
  async write(): Promise<void> {
    if (this.text === '') return;
    this.#ahead.drop();
    await this.continuation.write(this.text, this.model, this.whatIf);
  }

  /** Takes what was written into the prompt, and runs that. */
  take(text: string): void {
    this.text += text;
    this.continuation.clear();
    void this.submit();
  }

  watch(token: string): void {
    if (!this.targets.includes(token)) this.targets = [...this.targets, token];
    void this.submit();
  }
}
