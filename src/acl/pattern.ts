/**
 * A key or channel pattern of an ACL rule, taken apart so that it can be matched against the bytes of requests without
 * allocating: nearly all patterns in use are a name, a beginning with `*`, or `*` alone.
 */
import { equalBytes, fromLatin1 } from '../base/bytes.ts';
import { globMatches } from '../base/glob.ts';

export type PatternKind =
  /** A name. */
  | 'literal'
  /** A beginning and `*`. */
  | 'prefix'
  /** Anything else. */
  | 'glob';

export class Pattern {
  /** As it was written, one character a byte. */
  readonly text: string;
  readonly kind: PatternKind;
  /** What everything that matches begins with. */
  readonly stem: Uint8Array;
  readonly #bytes: Uint8Array;

  constructor(text: string) {
    this.text = text;
    this.#bytes = fromLatin1(text);
    const stem = /^[^*?[\\]*/.exec(text)![0];
    this.stem = fromLatin1(stem);
    const rest = text.slice(stem.length);
    this.kind = rest === '' ? 'literal' : /^\*+$/.test(rest) ? 'prefix' : 'glob';
  }

  /** Whether `bytes[start, end)` matches. */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    return globMatches(this.#bytes, bytes, start, end);
  }

  /** Whether `bytes[start, end)` is the pattern's own text, letter by letter. */
  isSpelled(bytes: Uint8Array, start: number, end: number): boolean {
    const { length } = this.#bytes;
    return end - start === length && equalBytes(this.#bytes, 0, bytes, start, length);
  }
}
