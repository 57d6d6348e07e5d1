/**
 * The history of one connection: what it sent and what was acknowledged.
 *
 * Each key belongs to one connection, and a server runs the commands of a connection in order. So every state that a
 * key goes through is known when a command is sent, and so is every reply. After a crash the key may be in the state
 * that its last acknowledged command left, or in one of those that the commands behind it would have left.
 */
import { apply, type FoundState, type Keys, keysOf, type State } from './effects.ts';

/** A command whose effect may be missing after a crash. */
export interface OpenCommand {
  readonly words: readonly string[];
  readonly keys: readonly string[];
  readonly sentAtMs: number;
  readonly expectedReply: string;
  /** Undefined: no reply has come. */
  acknowledgedAtMs: number | undefined;
}

class States implements Keys {
  readonly states = new Map<string, State>();

  get(key: string): State | undefined {
    return this.states.get(key);
  }

  set(key: string, state: State | undefined): void {
    if (state === undefined) this.states.delete(key);
    else this.states.set(key, state);
  }
}

export class History {
  /** All keys that the connection ever wrote. */
  readonly keys = new Set<string>();
  /** How many commands were acknowledged. */
  acknowledged = 0;
  /** What must have survived. */
  readonly #certain = new States();
  /** What is there when all that was sent has run. */
  readonly #predicted = new States();
  /** The states that acknowledged commands replaced, to tell what was lost from what never was. */
  readonly #replaced = new Map<string, State[]>();
  #open: OpenCommand[] = [];
  /** Those of `#open` that came into `#certain` and can go. */
  #settled = 0;
  /** The first of `#open` without a reply. */
  #next = 0;
  readonly #lossMsMax: number;

  /** With `lossMsMax` more than 0, commands acknowledged within that time before a crash may be lost. */
  constructor(lossMsMax = 0) {
    this.#lossMsMax = lossMsMax;
  }

  /** Notes a command just before it is sent. */
  send(words: readonly string[], nowMs: number): void {
    const keys = keysOf(words);
    for (const key of keys) this.keys.add(key);
    const expectedReply = apply(words, this.#predicted, { fromMs: nowMs, toMs: nowMs });
    this.#open.push({ words, keys, sentAtMs: nowMs, expectedReply, acknowledgedAtMs: undefined });
  }

  /** Notes the reply to the oldest command without one; returns what is wrong with it, if anything is. */
  acknowledge(reply: string, nowMs: number): string | undefined {
    const command = this.#open[this.#next];
    if (command === undefined) return `a reply that nobody waits for: ${reply}`;
    if (reply !== command.expectedReply) {
      const shown = command.words
        .map((word) => (word.length > 40 ? `${word.slice(0, 40)}…` : word))
        .join(' ');
      return `${shown} was answered ${reply} where ${command.expectedReply} is right`;
    }
    this.acknowledgeNext(nowMs);
    return undefined;
  }

  /** Notes the right reply to the oldest command without one, of which there must be one. */
  acknowledgeNext(nowMs: number): void {
    this.#open[this.#next]!.acknowledgedAtMs = nowMs;
    this.acknowledged++;
    this.#next++;
    this.#settle(nowMs - this.#lossMsMax);
  }

  /** The state that the key will have when all that was sent has run. */
  predicted(key: string): State | undefined {
    return this.#predicted.get(key);
  }

  /** The state that the key had when the last command that must have survived had run. */
  certain(key: string): State | undefined {
    return this.#certain.get(key);
  }

  /** States that the key had before. */
  replaced(key: string): readonly State[] {
    return this.#replaced.get(key) ?? [];
  }

  /** Commands that may or may not have survived, in order. */
  open(): readonly OpenCommand[] {
    return this.#open.slice(this.#settled);
  }

  /** How many commands have no reply yet. */
  get unanswered(): number {
    return this.#open.length - this.#next;
  }

  /** Goes on from what the server was found to hold. */
  adopt(found: ReadonlyMap<string, FoundState>): void {
    for (const keys of [this.#certain, this.#predicted]) {
      keys.states.clear();
      for (const key of this.keys) {
        const state = found.get(key);
        if (state === undefined) continue;
        const { value, expiryMs } = state;
        keys.set(key, {
          value,
          ...(expiryMs !== undefined && { expiry: { minMs: expiryMs, maxMs: expiryMs } }),
        });
      }
    }
    this.#replaced.clear();
    this.#open = [];
    this.#settled = 0;
    this.#next = 0;
  }

  /** Commands acknowledged up to `untilMs` must survive from now on. */
  #settle(untilMs: number): void {
    for (; this.#settled < this.#next; this.#settled++) {
      const { words, keys, sentAtMs, acknowledgedAtMs } = this.#open[this.#settled]!;
      if (acknowledgedAtMs! > untilMs) break;
      const before = keys.map((key) => this.#certain.get(key));
      apply(words, this.#certain, { fromMs: sentAtMs, toMs: acknowledgedAtMs! });
      for (const [index, key] of keys.entries()) this.#replace(key, before[index]);
    }
    if (this.#settled < 1024 || this.#settled < this.#open.length / 2) return;
    this.#open = this.#open.slice(this.#settled);
    this.#next -= this.#settled;
    this.#settled = 0;
  }

  #replace(key: string, before: State | undefined): void {
    if (before === undefined || before === this.#certain.get(key)) return;
    const states = this.#replaced.get(key);
    if (states === undefined) this.#replaced.set(key, [before]);
    else states.push(before);
  }
}
