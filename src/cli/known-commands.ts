/**
 * The few commands that a client must know by name, because they change its connection, are answered in another
 * way than with one reply, have a text to read as their answer, or hold passwords.
 */
import type { Reply } from '../protocol/reply-decoder.ts';

/** What a client must remember of its connection. */
export interface ConnectionState {
  db: number;
  resp: 2 | 3;
  isInTransaction: boolean;
  /** The database to return to when the transaction is not carried out. */
  dbBeforeTransaction: number;
  isMonitoring: boolean;
  /** Whether the server answers (CLIENT REPLY); after `skip` it passes over one command. */
  replies: 'on' | 'off' | 'skip';
}

export function newConnectionState(): ConnectionState {
  return {
    db: 0,
    resp: 2,
    isInTransaction: false,
    dbBeforeTransaction: 0,
    isMonitoring: false,
    replies: 'on',
  };
}

/** How a command is answered. */
export interface Answer {
  readonly replies: number;
  /** The kind of the messages that answer a command that subscribes, one for each channel. */
  readonly confirmation?: string;
}

/** `words` are those of a command, in the case that they were typed in. */
export function answerTo(words: readonly string[], state: ConnectionState): Answer {
  const [name = '', second = '', third = ''] = words.map((word) => word.toLowerCase());
  const isReplySwitch = name === 'client' && second === 'reply';
  if (isReplySwitch && (third === 'off' || third === 'skip')) return { replies: 0 };
  if (state.replies === 'skip' || (state.replies === 'off' && !(isReplySwitch && third === 'on'))) {
    return { replies: 0 };
  }
  if (!/^[ps]?(?:un)?subscribe$/.test(name)) return { replies: 1 };
  return { replies: Math.max(1, words.length - 1), confirmation: name };
}

/** Brings `state` up to date after a command; `reply` is its last, or undefined when it has none. */
export function follow(state: ConnectionState, words: readonly string[], reply: Reply | undefined): void {
  const [name = '', second = '', third = ''] = words.map((word) => word.toLowerCase());
  if (reply === undefined) {
    if (name === 'client' && second === 'reply') state.replies = third === 'off' ? 'off' : 'skip';
    else if (state.replies === 'skip') state.replies = 'on';
    return;
  }
  if (name === 'exec' && state.isInTransaction) {
    state.isInTransaction = false;
    if (reply.type === 'error' || reply.type === 'null') state.db = state.dbBeforeTransaction;
  }
  if (reply.type === 'error') return;
  switch (name) {
    case 'select':
      if (words.length === 2) state.db = Number(second);
      return;
    case 'multi':
      state.isInTransaction = true;
      state.dbBeforeTransaction = state.db;
      return;
    case 'discard':
      state.isInTransaction = false;
      state.db = state.dbBeforeTransaction;
      return;
    case 'reset':
      Object.assign(state, newConnectionState());
      return;
    case 'hello':
      state.resp = reply.type === 'map' ? 3 : 2;
      return;
    case 'monitor':
      state.isMonitoring = true;
      return;
    case 'client':
      if (second === 'reply' && third === 'on') state.replies = 'on';
  }
}

/** After this command the server ends the connection, which is then no error. */
export function endsConnection(words: readonly string[]): boolean {
  return /^(?:shutdown|quit)$/i.test(words[0] ?? '');
}

/** After this command the connection is as new. */
export function resetsConnection(words: readonly string[]): boolean {
  return /^reset$/i.test(words[0] ?? '');
}

/** Commands that authenticate, after which more may be allowed. */
export function authenticates(words: readonly string[]): boolean {
  return /^(?:auth|hello)$/i.test(words[0] ?? '');
}

const TEXTS: readonly RegExp[] = [
  /^(?:info|lolwut)\b/i,
  /^debug (?:htstats|htstats-key|client-eviction)\b/i,
  /^memory (?:malloc-stats|doctor)\b/i,
  /^cluster (?:nodes|info)$/i,
  /^client (?:list|info)\b/i,
  /^latency graph \S+$/i,
  /^latency doctor$/i,
];

/** True when the reply is a text of several lines, which is shown as it is. */
export function isAnsweredWithText(words: readonly string[]): boolean {
  const line = words.slice(0, 3).join(' ');
  return TEXTS.some((text) => text.test(line));
}

/** True for a line with a password in it, which no history must keep. */
export function holdsSecret(words: readonly string[]): boolean {
  const [first = '', ...others] = words.map((word) => word.toLowerCase());
  // A number before a command repeats it.
  if (/^-?\d+$/.test(first) && others.length > 0) return holdsSecret(words.slice(1));
  switch (first) {
    case 'auth':
      return true;
    case 'acl':
      return others[0] === 'setuser';
    case 'config':
      return others[0] === 'set' && others.some((word) => /auth|pass/.test(word));
    case 'hello':
    case 'migrate':
      return others.some((word) => word === 'auth' || word === 'auth2');
    default:
      return false;
  }
}
