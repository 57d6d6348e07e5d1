/** Short bursts of random commands on the same few keys from several clients, for the search for their order. */
import { Client, encodeCommand, type Reply, ReplyError } from '../client.ts';
import { Random } from '../random.ts';
import type { Block } from './linearizability.ts';
import type { ModelReply } from './model.ts';

export interface BurstOptions {
  readonly port: number;
  readonly seed: number;
  readonly clients: number;
  /** How many transactions each client sends in a burst. */
  readonly blocks: number;
}

const KEYS = ['a', 'b', 'c', 'd', 'e'];

class Burst {
  readonly #random: Random;
  readonly #options: BurstOptions;
  readonly #clients: readonly Client[];
  #clock = 0;
  #values = 0;

  constructor(options: BurstOptions, random: Random, clients: readonly Client[]) {
    this.#options = options;
    this.#random = random;
    this.#clients = clients;
  }

  /** All keys are removed before, and read after it. */
  async run(): Promise<Block[]> {
    const blocks: Block[] = [];
    await this.#clients[0]!.command('DEL', ...KEYS);
    await Promise.all(
      this.#clients.map(async (client, number) => {
        for (let left = this.#options.blocks; left > 0; ) {
          // Some wait for each reply, others do not.
          const together = this.#random.oneIn(2) ? this.#random.between(1, left) : 1;
          left -= together;
          blocks.push(...(await this.#send(client, number, together)));
        }
      }),
    );
    const last = [['MGET', ...KEYS]];
    blocks.push(...(await this.#ask(this.#clients[0]!, 0, [last])));
    return blocks;
  }

  #send(client: Client, number: number, count: number): Promise<Block[]> {
    const blocks = Array.from({ length: count }, () =>
      Array.from({ length: this.#random.oneIn(2) ? this.#random.between(2, 4) : 1 }, () => this.#command()),
    );
    return this.#ask(client, number, blocks);
  }

  async #ask(
    client: Client,
    number: number,
    blocks: readonly (readonly (readonly string[])[])[],
  ): Promise<Block[]> {
    const sentAt = ++this.#clock;
    const wrapped = blocks.map((commands) =>
      commands.length === 1 ? commands : [['MULTI'], ...commands, ['EXEC']],
    );
    client.send(Buffer.concat(wrapped.flat().map(encodeCommand)));
    return Promise.all(
      blocks.map(async (commands, at) => {
        const replies = await Promise.all(wrapped[at]!.map(() => client.reply()));
        const isAlone = commands.length === 1;
        const own = isAlone ? replies : replies.at(-1);
        const shown = Array.isArray(own) ? own.map(plain) : [plain(own ?? null)];
        return { client: number, sentAt, answeredAt: ++this.#clock, commands, replies: shown };
      }),
    );
  }

  #key(): string {
    return this.#random.pick(KEYS);
  }

  #value(): string {
    return this.#random.oneIn(6) ? String(this.#random.below(100)) : `v${this.#values++} `;
  }

  #others(): [string, string] {
    const one = this.#key();
    return [one, this.#random.pick(KEYS.filter((key) => key !== one))];
  }

  #command(): string[] {
    const random = this.#random;
    switch (random.below(20)) {
      case 0:
        return ['RENAME', ...this.#others()];
      case 1:
        return ['RENAMENX', ...this.#others()];
      case 2:
        return ['COPY', ...this.#others()];
      case 3:
        return ['COPY', ...this.#others(), 'REPLACE'];
      case 4: {
        const [one, other] = this.#others();
        return ['MSETNX', one, this.#value(), other, this.#value()];
      }
      case 5: {
        const [one, other] = this.#others();
        return ['MSET', one, this.#value(), other, this.#value()];
      }
      case 6:
        return ['BITOP', 'OR', this.#key(), ...this.#others()];
      case 7:
        return ['LCS', ...this.#others(), 'LEN'];
      case 8:
        return ['DEL', ...this.#others()];
      case 9:
        return ['GETDEL', this.#key()];
      case 10:
        return ['INCR', this.#key()];
      case 11:
        return ['EXISTS', ...this.#others()];
      case 12:
        return ['STRLEN', this.#key()];
      case 13:
      case 14:
        return ['SET', this.#key(), this.#value()];
      case 15:
        return ['APPEND', this.#key(), this.#value()];
      case 16:
        return ['MGET', ...this.#others(), this.#key()];
      default:
        return ['GET', this.#key()];
    }
  }
}

function plain(reply: Reply): ModelReply {
  if (reply instanceof ReplyError) return reply.message;
  if (Array.isArray(reply)) return reply.map(plain);
  return typeof reply === 'string' || typeof reply === 'number' ? reply : null;
}

/** Bursts until `isOver`; each is given to `judge` as soon as it has ended. */
export async function runBursts(
  options: BurstOptions,
  isOver: () => boolean,
  judge: (blocks: readonly Block[]) => void,
): Promise<void> {
  const random = new Random(options.seed);
  const clients = await Promise.all(
    Array.from({ length: options.clients }, () => Client.connect(options.port)),
  );
  while (!isOver()) judge(await new Burst(options, random, clients).run());
  for (const client of clients) client.destroy();
}
