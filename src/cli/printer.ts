/** Where replies are written, and in which form. */
import type { Reply } from '../protocol/reply-decoder.ts';
import { pubSubKind } from './connection.ts';
import {
  type Delimiters,
  formatInvalidation,
  formatReply,
  formatVerbatim,
  type OutputFormat,
} from './format.ts';
import { isAnsweredWithText } from './known-commands.ts';

export interface PrinterOptions {
  readonly format: OutputFormat;
  readonly delimiters: Delimiters;
  /** Pushes are shown that belong to no subscription, such as invalidations. */
  readonly showPushes: boolean;
}

export class Printer {
  /** False when the last text had no line end. */
  isAtLineStart = true;
  readonly options: PrinterOptions;
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream, options: PrinterOptions) {
    this.#stream = stream;
    this.options = options;
  }

  /** Prints the reply to the command `words`. */
  reply(reply: Reply, words: readonly Uint8Array[]): void {
    const { format, delimiters } = this.options;
    const isText = isAnsweredWithText(words.slice(0, 3).map((word) => Buffer.from(word).toString('latin1')));
    this.write(isText ? formatVerbatim(reply) : formatReply(reply, format, delimiters));
  }

  /** What to print for a reply that nobody asked for; empty for nothing. */
  strayText(reply: Reply): string {
    const { format, delimiters, showPushes } = this.options;
    if (reply.type === 'push' && pubSubKind(reply) === undefined && !showPushes) return '';
    return (format === 'standard' && formatInvalidation(reply)) || formatReply(reply, format, delimiters);
  }

  /** Writes a latin1 text. False when the reader is behind: wait for `drained`. */
  write(text: string): boolean {
    if (text === '') return true;
    this.isAtLineStart = text.endsWith('\n');
    return this.#stream.write(Buffer.from(text, 'latin1'));
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.#stream.once('drain', resolve));
  }
}
