/**
 * Runs a prompt while it is typed, so that its lens is there, or nearly, once
 * it is asked for. The server runs the tokens that are new alone, so this costs
 * little; where it takes longer all the same, it is left.
 */
import type { Client, LensEvents, LensRequest } from '../api/client';

/** Characters; what is longer is no matter of an instant anyway. */
const LONGEST = 300;
/** A run that takes longer is given up, and so are those of longer prompts. */
const LONGEST_MS = 1000;

export const sameRequest = (a: LensRequest, b: LensRequest) =>
  JSON.stringify(a) === JSON.stringify(b);

/** A run that nobody has asked for yet. */
class Begun {
  done = false;
  failed = false;
  readonly ended: Promise<void>;

  #abort = new AbortController();
  #kept: ((events: LensEvents) => void)[] = [];
  #events: LensEvents | null = null;

  constructor(
    client: Client,
    readonly request: LensRequest,
  ) {
    const keep = (event: (events: LensEvents) => void) => {
      if (this.#events) event(this.#events);
      else this.#kept.push(event);
    };
    this.ended = client
      .lens(request, this.#abort.signal, {
        run: (data) => keep((events) => events.run(data)),
        block: (block) => keep((events) => events.block(block)),
        end: (end) => keep((events) => events.end(end)),
      })
      .finally(() => (this.done = true));
    // Whoever takes it is told.
    this.ended.catch(() => (this.failed = true));
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Tells what has come and what comes; ends as Client.lens does. */
  handOver(signal: AbortSignal, events: LensEvents): Promise<void> {
    signal.addEventListener('abort', () => this.stop());
    this.#events = events;
    for (const event of this.#kept) event(events);
    this.#kept = [];
    return this.ended;
  }
}

export class Ahead {
  #begun: Begun | null = null;
  /** What to begin behind the one that runs. */
  #next: LensRequest | null = null;
  /** Of this model prompts of so many characters take too long. */
  #tooLong = { model: '', length: LONGEST + 1 };

  constructor(readonly client: Client) {}

  /** The prompt has changed: this is what might be asked for now. */
  want(request: LensRequest): void {
    this.#next = null;
    if (this.#begun && sameRequest(this.#begun.request, request)) return;
    if (request.text === '' || this.#isTooLong(request)) return;
    // A run that is under way is not stopped: the next one starts from it.
    if (this.#begun && !this.#begun.done) this.#next = request;
    else this.#begin(request);
  }

  /**
   * The run of `request`, if it has begun and is well; whatever else runs is
   * stopped.
   */
  take(request: LensRequest): Begun | null {
    const begun = this.#begun;
    this.#begun = null;
    this.#next = null;
    if (!begun) return null;
    if (!begun.failed && sameRequest(begun.request, request)) return begun;
    begun.stop();
    return null;
  }

  /** Stops what runs. */
  drop(): void {
    this.#begun?.stop();
    this.#begun = null;
    this.#next = null;
  }

  #isTooLong(request: LensRequest): boolean {
    const model = request.model ?? '';
    if (this.#tooLong.model !== model) {
      this.#tooLong = { model, length: LONGEST + 1 };
    }
    return request.text.length >= this.#tooLong.length;
  }

  #begin(request: LensRequest): void {
    const begun = new Begun(this.client, request);
    this.#begun = begun;
    const timer = setTimeout(() => {
      if (this.#begun !== begun) return; // somebody waits for it
      this.#tooLong.length = request.text.length;
      this.drop();
    }, LONGEST_MS);
    const goOn = () => {
      clearTimeout(timer);
      const next = this.#next;
      if (this.#begun === begun && next) this.want(next);
    };
    begun.ended.then(goOn, goOn);
  }
}
