/**
 * A key or channel pattern of an ACL rule, made ready to be matched against the bytes of requests without
 * allocating. Nearly all patterns in use are a name, a beginning with `*`, or `*` alone; these three need no glob matching.
 */
import { fromLatin1 } from '../base/bytes.ts';
import { globMatches } from '../base/glob.ts';

const LITERAL = 0;
const PREFIX = 1;
const ALL = 2;
const GLOB = 3;

export class Pattern {
  /** As it was written, one character a byte. */
  readonly text: string;
  readonly #kind: number;
  /** What is compared: the name, the beginning, or the whole pattern. */
  readonly #bytes: Uint8Array;

  constructor(text: string) {
    this.text = text;
    const stem = text.replace(/\*+$/, '');
    if (/[*?[\\]/.test(stem)) {
      this.#kind = GLOB;
      this.#bytes = fromLatin1(text);
    } else {
      this.#kind = stem === text ? LITERAL : stem === '' ? ALL : PREFIX;
      this.#bytes = fromLatin1(stem);
    }
  }

  /** Whether `bytes[start, end)` matches. */
  matches(bytes: Uint8Array, start: number, end: number): boolean {
    const wanted = this.#bytes;
    const length = wanted.length;
    switch (this.#kind) {
      case LITERAL:
        if (end - start !== length) return false;
        break;
      case PREFIX:
        if (end - start < length) return false;
        break;
      case ALL:
        return true;
      default:
        return globMatches(wanted, bytes, start, end);
    }
    // Backwards: patterns of one user often begin alike, and differ where they end.
    for (let i = length - 1; i >= 0; i--) if (bytes[start + i] !== wanted[i]) return false;
    return true;
  }

  /** Whether `bytes[start, end)` is the pattern's own text, letter by letter. */
  isSpelled(bytes: Uint8Array, start: number, end: number): boolean {
    const { text } = this;
    if (end - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}
