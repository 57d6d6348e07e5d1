/** How far a long piece of work is: a bar where people look on, else a line now and then. Goes to standard error. */
import { counted, size } from './amounts.ts';

const BAR_CELLS = 30;
const DRAW_MS = 100;
const LINE_MS = 5000;

export class Progress {
  readonly #title: string;
  readonly #start = performance.now();
  readonly #isTerminal = process.stderr.isTTY === true;
  #next = this.#start + (this.#isTerminal ? 0 : LINE_MS);
  #isDrawn = false;

  constructor(title: string) {
    this.#title = title;
  }

  /** `done` of `total` bytes have been read, and `keys` keys were in them. */
  update(done: number, total: number, keys: number): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + (this.#isTerminal ? DRAW_MS : LINE_MS);
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const perSecond = Math.round(keys / Math.max(0.001, this.seconds));
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const figures = `${percent}  ${size(done)}  ${counted(keys, 'key')}  ${counted(perSecond, 'key')}/s`;
    if (!this.#isTerminal) {
      process.stderr.write(`${this.#title}: ${figures.trim()}\n`);
      return;
    }
    const cells = Math.floor(share * BAR_CELLS);
    const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells);
    process.stderr.write(`\r\x1b[K${this.#title} ${bar}${figures}`);
    this.#isDrawn = true;
  }

  /** Seconds since the beginning. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#isDrawn) process.stderr.write('\r\x1b[K');
    this.#isDrawn = false;
  }
}
