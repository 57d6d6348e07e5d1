/**
 * Counts error replies by their code, the first word: what INFO errorstats shows. Clients can make up codes (in
 * scripts), so there are at most CODES_MAX of them; all further ones count as one.
 */

export const CODES_MAX = 128;
/** A code is at most so long; Redis takes longer words for no code. */
export const CODE_CHARS_MAX = 31;
const NO_CODE = 'ERR';
const OTHERS = 'ERRORSTATS_OVERFLOW';

export class ErrorTally {
  /** By code. */
  readonly counts = new Map<string, number>();
  total = 0;

  /** `text` is an error as it is sent, without the minus and the line end. */
  count(text: string): void {
    this.add(codeOf(text), 1);
  }

  /** Takes one back that was not sent after all. */
  uncount(text: string): void {
    this.add(codeOf(text), -1);
  }

  /** Counts `times` errors with a code. */
  add(code: string, times: number): void {
    this.total += times;
    const known = this.counts.has(code) || this.counts.size < CODES_MAX - 1 ? code : OTHERS;
    this.counts.set(known, (this.counts.get(known) ?? 0) + times);
  }
}

function codeOf(text: string): string {
  const space = text.indexOf(' ');
  return space <= 0 || space > CODE_CHARS_MAX ? NO_CODE : text.slice(0, space);
}
