/**
 * What the commands of the crash test do to a key, written apart from the server on purpose: what checks a server
 * must not share its bugs. All texts are latin1, one character a byte.
 */
import { blockReply, isBlock, unpackBlock } from './block.ts';

/** When a key expires, in Unix milliseconds: a range where the server took its own clock (EXPIRE). */
export interface Expiry {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What a key holds; a key that is absent has none. */
export interface State {
  readonly value: string;
  readonly expiry?: Expiry;
}

/** A state as a server shows it. */
export interface FoundState {
  readonly value: string;
  readonly expiryMs?: number;
}

/** When the server ran a command: after it was sent and before its reply came. */
export interface Moment {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Keys {
  get(key: string): State | undefined;
  /** Undefined: the key is deleted. */
  set(key: string, state: State | undefined): void;
}

/** Both clocks are the same machine's, but a server may use a time that it took some moments before. */
const CLOCK_SLACK_MS = 50;

type Effect = (keys: Keys, words: readonly string[], moment: Moment) => string;

interface Modelled {
  keysOf(words: readonly string[]): string[];
  readonly effect: Effect;
}

const OK = '+OK';

function single(effect: Effect): Modelled {
  return { keysOf: (words) => [words[1]!], effect };
}

function set(keys: Keys, [, key, value, option, time]: readonly string[]): string {
  const expiry = option === undefined ? undefined : { minMs: Number(time), maxMs: Number(time) };
  keys.set(key!, { value: value!, ...(expiry && { expiry }) });
  return OK;
}

function increment(keys: Keys, [, key]: readonly string[]): string {
  const old = keys.get(key!);
  const value = String(Number(old?.value ?? '0') + 1);
  keys.set(key!, { ...old, value });
  return `:${value}`;
}

function append(keys: Keys, [, key, tail]: readonly string[]): string {
  const old = keys.get(key!);
  const value = (old?.value ?? '') + tail;
  keys.set(key!, { ...old, value });
  return `:${value.length}`;
}

function setRange(keys: Keys, [, key, offsetText, part]: readonly string[]): string {
  const old = keys.get(key!);
  const offset = Number(offsetText);
  const before = old?.value ?? '';
  const value = before.slice(0, offset).padEnd(offset, '\0') + part + before.slice(offset + part!.length);
  keys.set(key!, { ...old, value });
  return `:${value.length}`;
}

function remove(keys: Keys, words: readonly string[]): string {
  let removed = 0;
  for (const key of words.slice(1)) {
    if (keys.get(key) === undefined) continue;
    keys.set(key, undefined);
    removed++;
  }
  return `:${removed}`;
}

function expireWithin(keys: Keys, [, key, seconds]: readonly string[], { fromMs, toMs }: Moment): string {
  const old = keys.get(key!);
  if (old === undefined) return ':0';
  const lengthMs = Number(seconds) * 1000;
  keys.set(key!, { value: old.value, expiry: { minMs: fromMs + lengthMs, maxMs: toMs + lengthMs } });
  return ':1';
}

function expireAt(keys: Keys, [, key, time]: readonly string[], { fromMs }: Moment): string {
  const old = keys.get(key!);
  if (old === undefined) return ':0';
  const atMs = Number(time);
  if (atMs < fromMs - CLOCK_SLACK_MS) keys.set(key!, undefined);
  else keys.set(key!, { value: old.value, expiry: { minMs: atMs, maxMs: atMs } });
  return ':1';
}

function persist(keys: Keys, [, key]: readonly string[]): string {
  const old = keys.get(key!);
  if (old?.expiry === undefined) return ':0';
  keys.set(key!, { value: old.value });
  return ':1';
}

function setSeveral(keys: Keys, words: readonly string[]): string {
  for (let i = 1; i < words.length; i += 2) keys.set(words[i]!, { value: words[i + 1]! });
  return OK;
}

function rename(keys: Keys, [, from, to]: readonly string[]): string {
  const moved = keys.get(from!);
  if (moved === undefined) return '-ERR no such key';
  keys.set(from!, undefined);
  keys.set(to!, moved);
  return OK;
}

function runBlock(keys: Keys, words: readonly string[], moment: Moment): string {
  return blockReply(unpackBlock(words)!.map((command) => apply(command, keys, moment)));
}

const COMMANDS: Readonly<Record<string, Modelled>> = {
  SET: single(set),
  INCR: single(increment),
  APPEND: single(append),
  SETRANGE: single(setRange),
  EXPIRE: single(expireWithin),
  PEXPIREAT: single(expireAt),
  PERSIST: single(persist),
  DEL: { keysOf: (words) => words.slice(1), effect: remove },
  RENAME: { keysOf: (words) => words.slice(1), effect: rename },
  MSET: { keysOf: (words) => words.filter((_, index) => index % 2 === 1), effect: setSeveral },
  MULTI: { keysOf: (words) => unpackBlock(words)!.flatMap((command) => keysOf(command)), effect: runBlock },
};

function modelOf(words: readonly string[]): Modelled {
  const model = COMMANDS[words[0]!];
  if (model === undefined) throw new Error(`the crash test knows no ${words[0]}`);
  return model;
}

/** True for a command that can stand in a history. */
export function isModelled(words: readonly string[]): boolean {
  if (!Object.hasOwn(COMMANDS, words[0] ?? '') || words.length < 2) return false;
  if (!isBlock(words)) return true;
  return unpackBlock(words)?.every((command) => !isBlock(command) && isModelled(command)) === true;
}

/** The keys that a command names, each once. Throws an Error for a command that has no model. */
export function keysOf(words: readonly string[]): string[] {
  return [...new Set(modelOf(words).keysOf(words))];
}

/** Does to `keys` what the command does, and returns the reply that it has, as RESP2 without the line's end. */
export function apply(words: readonly string[], keys: Keys, moment: Moment): string {
  return modelOf(words).effect(keys, words, moment);
}

/** Whether a key in this state is one that the server showed within `moment`. */
export function matches(state: State | undefined, found: FoundState | undefined, moment: Moment): boolean {
  if (state === undefined) return found === undefined;
  const { expiry } = state;
  if (found === undefined) return expiry !== undefined && expiry.minMs <= moment.toMs + CLOCK_SLACK_MS;
  if (found.value !== state.value) return false;
  if (expiry === undefined || found.expiryMs === undefined)
    return expiry === undefined && found.expiryMs === undefined;
  if (expiry.maxMs < moment.fromMs - CLOCK_SLACK_MS) return false;
  return found.expiryMs >= expiry.minMs - CLOCK_SLACK_MS && found.expiryMs <= expiry.maxMs + CLOCK_SLACK_MS;
}
