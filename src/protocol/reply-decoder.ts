/**
 * Decodes replies as a client receives them, in RESP2 and RESP3.
 *
 * Bytes come in pieces of any size. Lines and payloads are decoded once, when they are there as a whole, and
 * aggregates that are open wait on a stack, so that a long reply costs the same in however many pieces it comes.
 */
import { CR, LF } from '../base/bytes.ts';

/** All texts are latin1, one character a byte. Numbers are kept as the server wrote them: none is too long. */
export type Reply =
  | {
      readonly type: 'simple' | 'error' | 'bulk' | 'integer' | 'double' | 'big-number';
      readonly text: string;
    }
  /** `format` is `txt` or `mkd`. */
  | { readonly type: 'verbatim'; readonly format: string; readonly text: string }
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | Aggregate;

export interface Aggregate {
  readonly type: 'array' | 'set' | 'map' | 'push';
  /** Those of a map are keys and values in turn. */
  readonly items: readonly Reply[];
}

/** The server sent bytes that are no reply; `message` says what came. */
export class ReplyProtocolError extends Error {
  override name = 'ReplyProtocolError';
}

interface OpenAggregate {
  readonly type: Aggregate['type'] | 'attribute';
  readonly items: Reply[];
  /** How many items are still to come. */
  left: number;
}

/** Lines hold at most a number or a message; what is longer without an end is no Redis. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;

const LINE_TYPES: Readonly<Record<string, 'simple' | 'error' | 'integer' | 'double' | 'big-number'>> = {
  '+': 'simple',
  '-': 'error',
  ':': 'integer',
  ',': 'double',
  '(': 'big-number',
};

const AGGREGATE_TYPES: Readonly<Record<string, OpenAggregate['type']>> = {
  '*': 'array',
  '~': 'set',
  '%': 'map',
  '>': 'push',
  '|': 'attribute',
};

export class ReplyDecoder {
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  /** What came and is not yet joined to `#bytes`, so that a long payload is joined once. */
  readonly #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** Nothing more can be decoded before so many bytes are there. */
  #needed = 1;
  readonly #open: OpenAggregate[] = [];
  /** The type byte of a payload whose length line was read, and that length. */
  #payloadType = '';
  #payloadLength = -1;

  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  /** The next reply or push, or undefined when none is complete. Throws ReplyProtocolError. */
  next(): Reply | undefined {
    for (;;) {
      const item = this.#item();
      if (item === undefined) return undefined;
      const reply = this.#close(item);
      if (reply !== undefined) return reply;
    }
  }

  /** Puts an item where it belongs; returns it when no aggregate is open, or else the one that it completes. */
  #close(item: Reply | 'opened'): Reply | undefined {
    let done: Reply | undefined;
    if (item !== 'opened') {
      const top = this.#open.at(-1);
      if (top === undefined) return item;
      top.items.push(item);
      top.left--;
    }
    for (let top = this.#open.at(-1); top !== undefined && top.left === 0; top = this.#open.at(-1)) {
      this.#open.pop();
      // Attributes come before the reply that they describe; nothing here has a use for them.
      if (top.type === 'attribute') continue;
      done = { type: top.type, items: top.items };
      const parent = this.#open.at(-1);
      if (parent === undefined) return done;
      parent.items.push(done);
      parent.left--;
    }
    return undefined;
  }

  /** A reply without items, or 'opened' when the header of an aggregate was read. */
  #item(): Reply | 'opened' | undefined {
    if (this.#payloadLength >= 0) return this.#payload();
    const line = this.#line();
    if (line === undefined) return undefined;
    const type = line[0] ?? '';
    const lineType = LINE_TYPES[type];
    if (lineType !== undefined) return { type: lineType, text: line.slice(1) };
    if (type === '_') return { type: 'null' };
    if (type === '#') return { type: 'boolean', value: line === '#t' };
    const isPayload = type === '$' || type === '=' || type === '!';
    const aggregate = AGGREGATE_TYPES[type];
    if (!isPayload && aggregate === undefined) {
      throw new ReplyProtocolError(`Protocol error, got ${JSON.stringify(type)} as reply type byte`);
    }
    const count = Number(line.slice(1));
    if (count === -1 && (type === '$' || type === '*')) return { type: 'null' };
    if (!Number.isSafeInteger(count) || count < 0 || line.length === 1) {
      throw new ReplyProtocolError(`Protocol error, got ${JSON.stringify(line)} as a length`);
    }
    if (isPayload) {
      this.#payloadType = type;
      this.#payloadLength = count;
      return this.#payload();
    }
    const perItem = aggregate === 'map' || aggregate === 'attribute' ? 2 : 1;
    this.#open.push({ type: aggregate!, items: [], left: count * perItem });
    return 'opened';
  }

  #payload(): Reply | undefined {
    const length = this.#payloadLength;
    if (!this.#has(length + 2)) return undefined;
    const start = this.#position;
    const end = start + length;
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) {
      throw new ReplyProtocolError('Protocol error, a string does not end where its length says');
    }
    this.#position = end + 2;
    this.#payloadLength = -1;
    const text = this.#bytes.toString('latin1', start, end);
    if (this.#payloadType === '$') return { type: 'bulk', text };
    if (this.#payloadType === '!') return { type: 'error', text };
    return { type: 'verbatim', format: text.slice(0, 3), text: text.slice(4) };
  }

  #line(): string | undefined {
    if (!this.#has(this.#needed)) return undefined;
    const end = this.#bytes.indexOf(LF, this.#position + this.#needed - 1);
    const there = this.#bytes.length - this.#position;
    if (end < 0) {
      if (there > LINE_BYTES_MAX) throw new ReplyProtocolError('Protocol error, a line without an end');
      // What has been searched need not be searched again.
      this.#needed = there + 1;
      return undefined;
    }
    const line = this.#bytes.toString('latin1', this.#position, this.#bytes[end - 1] === CR ? end - 1 : end);
    this.#position = end + 1;
    this.#needed = 1;
    return line;
  }

  /** True when `count` bytes stand at the position of `#bytes`. */
  #has(count: number): boolean {
    if (this.#bytes.length - this.#position >= count) return true;
    if (this.#bytes.length - this.#position + this.#chunkBytes < count) return false;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#position), ...this.#chunks.splice(0)]);
    this.#position = 0;
    this.#chunkBytes = 0;
    return true;
  }
}
