/** Drives a RequestParser over bytes that arrive in pieces, in each way that a connection may hand them over. */
import {
  COMMAND,
  NEED_MORE,
  NOTHING,
  PROTOCOL_ERROR,
  RequestParser,
} from '../../src/protocol/request-parser.ts';

/** What the parser made of the bytes, in order: words as latin1, or the text of the error that ends it. */
export type Parsed = string[] | string;

/**
 * How the rest of a cut command reaches the parser:
 * - `append`: the buffer grows
 * - `move`: the bytes from `commandStart` on go to the start of another buffer, and the parser is rebased
 * - `restart`: the same, but the parser forgets what it read and starts over
 */
export type Delivery = 'append' | 'move' | 'restart';

export const LIMITS = { bulkBytesMax: 512 * 1024 * 1024 };

/** Feeds `bytes` cut at the offsets `cuts`; checks that every call makes progress. */
export function parsePieces(
  bytes: Uint8Array,
  cuts: readonly number[],
  delivery: Delivery = 'append',
  parser: RequestParser = new RequestParser(LIMITS),
): Parsed[] {
  const results: Parsed[] = [];
  let buffer: Uint8Array = new Uint8Array(0);
  let from = 0;
  for (const to of [...cuts, bytes.length].sort((a, b) => a - b)) {
    buffer = deliver(parser, buffer, bytes.subarray(from, to), delivery);
    from = to;
    if (!parseBuffered(parser, buffer, results)) return results;
  }
  return results;
}

function deliver(parser: RequestParser, old: Uint8Array, piece: Uint8Array, delivery: Delivery): Uint8Array {
  const kept = delivery === 'append' ? 0 : parser.commandStart;
  const buffer = new Uint8Array(old.length - kept + piece.length);
  buffer.set(old.subarray(kept));
  buffer.set(piece, old.length - kept);
  if (delivery === 'move') parser.rebase(kept);
  if (delivery === 'restart') parser.restart(0);
  return buffer;
}

/** Parses what can be parsed; false after an error. */
function parseBuffered(parser: RequestParser, buffer: Uint8Array, results: Parsed[]): boolean {
  // What stands after the end must not be looked at.
  const padded = new Uint8Array(buffer.length + 16).fill(0x24);
  padded.set(buffer);
  for (;;) {
    const before = parser.position;
    const outcome = parser.next(padded, buffer.length);
    if (parser.position < before || parser.position > buffer.length) {
      throw new Error(`the position went from ${before} to ${parser.position} of ${buffer.length}`);
    }
    switch (outcome) {
      case NEED_MORE:
        return true;
      case PROTOCOL_ERROR:
        results.push(parser.error);
        return false;
      case COMMAND:
        results.push(parser.args.texts());
        break;
      case NOTHING:
        break;
      default:
        throw new Error(`next returned ${outcome}`);
    }
    if (parser.position === before) throw new Error(`no progress at ${before}`);
  }
}
