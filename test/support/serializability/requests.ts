/** Commands with what their replies tell about the order of transactions. */
import { type Reply, ReplyError } from '../client.ts';
import { idsOf, type Operation, versionOf } from './history.ts';

export interface Request {
  readonly words: readonly string[];
  /** What was done and seen; without a reply, what may have been done. */
  observe(reply: Reply | undefined): Operation[];
}

function strange(words: readonly string[], reply: Reply): Operation[] {
  const shown = reply instanceof ReplyError ? reply.message : JSON.stringify(reply);
  return [{ kind: 'strange', text: `${words.join(' ')} was answered ${shown}` }];
}

function readOf(words: readonly string[], key: string, value: Reply): Operation[] {
  const ids = value === null ? [] : typeof value === 'string' ? idsOf(value) : undefined;
  return ids === undefined ? strange(words, value) : [{ kind: 'read', key, ids }];
}

export function append(key: string, id: string): Request {
  const words = ['APPEND', key, id];
  return {
    words,
    observe: (reply) => {
      if (reply === undefined) return [{ kind: 'append', key, id }];
      const version = typeof reply === 'number' ? versionOf(reply) : undefined;
      if (version === undefined || version < 1) return strange(words, reply);
      return [{ kind: 'append', key, id, position: version - 1 }];
    },
  };
}

export function get(key: string): Request {
  const words = ['GET', key];
  return { words, observe: (reply) => (reply === undefined ? [] : readOf(words, key, reply)) };
}

export function mget(keys: readonly string[]): Request {
  const words = ['MGET', ...keys];
  return {
    words,
    observe: (reply) => {
      if (reply === undefined) return [];
      if (!Array.isArray(reply) || reply.length !== keys.length) return strange(words, reply);
      return keys.flatMap((key, at) => readOf(words, key, reply[at]!));
    },
  };
}

export function strlen(key: string): Request {
  const words = ['STRLEN', key];
  return {
    words,
    observe: (reply) => {
      if (reply === undefined) return [];
      const version = typeof reply === 'number' ? versionOf(reply) : undefined;
      return version === undefined ? strange(words, reply) : [{ kind: 'length', key, version }];
    },
  };
}

export function exists(key: string): Request {
  const words = ['EXISTS', key];
  return {
    words,
    observe: (reply) => {
      if (reply === undefined) return [];
      if (reply !== 0 && reply !== 1) return strange(words, reply);
      return [{ kind: 'exists', key, exists: reply === 1 }];
    },
  };
}

/** Begins all of the keys, or none of them. */
export function msetnx(pairs: readonly (readonly [key: string, id: string])[]): Request {
  const words = ['MSETNX', ...pairs.flat()];
  const appends = (more: { position?: number; isRefused?: boolean; isConditional?: boolean }) =>
    pairs.map(([key, id]): Operation => ({ kind: 'append', key, id, ...more }));
  return {
    words,
    observe: (reply) => {
      if (reply === undefined) return appends({ isConditional: true });
      if (reply === 1) return appends({ position: 0 });
      return reply === 0 ? appends({ isRefused: true }) : strange(words, reply);
    },
  };
}

/** `to` must be a key that nothing else writes. */
export function copy(from: string, to: string): Request {
  const words = ['COPY', from, to];
  return {
    words,
    observe: (reply) => {
      if (reply !== undefined && reply !== 0 && reply !== 1) return strange(words, reply);
      return [{ kind: 'copy', from, to, isDone: reply === undefined ? undefined : reply === 1 }];
    },
  };
}

/** A command that fails when it runs, and changes nothing. */
export function failing(words: readonly string[], message: RegExp): Request {
  return {
    words,
    observe: (reply) => {
      if (reply === undefined) return [];
      return reply instanceof ReplyError && message.test(reply.message) ? [] : strange(words, reply);
    },
  };
}

/** A command that has nothing to do with the order of others, and always the same reply. */
export function answered(words: readonly string[], expected: number): Request {
  return {
    words,
    observe: (reply) => (reply === undefined || reply === expected ? [] : strange(words, reply)),
  };
}
