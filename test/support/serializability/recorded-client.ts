/** One connection whose commands and replies become a history. */
import { Client, encodeCommand, type Reply, ReplyError } from '../client.ts';
import type { Operation, Outcome, Transaction } from './history.ts';
import type { Request } from './requests.ts';

/** The clock of events of a run, and what all its clients did and saw. */
export class Recorder {
  readonly transactions: Transaction[] = [];
  #now = 0;
  #clients = 0;

  /** A later time than all before. */
  tick(): number {
    return ++this.#now;
  }

  nextClient(): number {
    return this.#clients++;
  }
}

/** How the commands of a transaction travel: in one write, or each when the one before it is answered. */
export type Pace = 'at once' | 'step by step';

interface Answered {
  /** Undefined: the connection was lost. */
  readonly reply: Reply | undefined;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** The end of a transaction: EXEC, or what gives it up. */
export type Ending = 'EXEC' | 'DISCARD' | 'EXEC after an error';

export class RecordedClient {
  readonly #port: number;
  readonly #recorder: Recorder;
  #client: Client | undefined;
  #number: number;

  private constructor(port: number, recorder: Recorder) {
    this.#port = port;
    this.#recorder = recorder;
    this.#number = recorder.nextClient();
  }

  static async open(port: number, recorder: Recorder): Promise<RecordedClient> {
    const client = new RecordedClient(port, recorder);
    await client.#connect();
    return client;
  }

  close(): void {
    this.#client?.destroy();
  }

  /** Each request is a transaction of its own. */
  async run(requests: readonly Request[], pace: Pace = 'at once'): Promise<void> {
    const places = requests.map(() => this.#reserve());
    const answers = await this.#ask(
      requests.map(({ words }) => words),
      pace,
    );
    answers.forEach((answered, at) => {
      this.#single(places[at]!, requests[at]!, answered);
    });
    await this.#reconnect(answers);
  }

  /** MULTI, the requests, and the ending. Resolves to what became of it. */
  async transaction(requests: readonly Request[], ending: Ending, pace: Pace): Promise<Outcome> {
    const place = this.#reserve();
    const answers = await this.#ask(blockOf(requests, ending), pace);
    const outcome = this.#block(place, requests, ending, answers, []);
    await this.#reconnect(answers);
    return outcome;
  }

  /**
   * WATCH, requests that read what is watched, then a transaction. What was read was still there at the moment of an EXEC
   * that is not aborted, so it was read then.
   */
  async watched(
    keys: readonly string[],
    reads: readonly Request[],
    requests: readonly Request[],
    pace: Pace,
  ): Promise<Outcome> {
    const places = reads.map(() => this.#reserve());
    const place = this.#reserve();
    const before = [['WATCH', ...keys], ...reads.map(({ words }) => words)];
    const answers = await this.#ask([...before, ...blockOf(requests, 'EXEC')], pace);
    const seen: Operation[] = [];
    reads.forEach((request, at) => {
      const answered = answers[at + 1]!;
      this.#single(places[at]!, request, answered);
      if (answered.reply !== undefined) seen.push(...request.observe(answered.reply));
    });
    if (answers[0]!.reply !== 'OK' && answers[0]!.reply !== undefined) {
      seen.push({ kind: 'strange', text: `WATCH was answered ${String(answers[0]!.reply)}` });
    }
    const outcome = this.#block(place, requests, 'EXEC', answers.slice(before.length), seen);
    await this.#reconnect(answers);
    return outcome;
  }

  /** Sends a transaction and is gone: nobody will tell whether it happened. */
  async abandon(requests: readonly Request[]): Promise<void> {
    const sentAt = this.#recorder.tick();
    this.#client!.send(Buffer.concat(blockOf(requests, 'EXEC').map(encodeCommand)));
    this.#client!.end();
    const operations = requests.flatMap((request) => request.observe(undefined));
    this.#put(this.#reserve(), {
      sentAt,
      answeredAt: Infinity,
      outcome: 'unknown',
      operations,
      title: 'MULTI … EXEC, abandoned',
    });
    await this.#connect();
  }

  async #connect(): Promise<void> {
    this.#client?.destroy();
    // A new connection does not wait for what the one before has left behind.
    this.#number = this.#recorder.nextClient();
    this.#client = await Client.connect(this.#port);
  }

  async #reconnect(answers: readonly Answered[]): Promise<void> {
    if (answers.some(({ reply }) => reply === undefined)) await this.#connect();
  }

  /** A place in the history, in the order of sending. */
  #reserve(): number {
    return this.#recorder.transactions.push(undefined as unknown as Transaction) - 1;
  }

  #put(place: number, transaction: Omit<Transaction, 'client'>): void {
    this.#recorder.transactions[place] = { client: this.#number, ...transaction };
  }

  async #ask(commands: readonly (readonly string[])[], pace: Pace): Promise<Answered[]> {
    const client = this.#client!;
    const answer = async (sentAt: number): Promise<Answered> => {
      const reply = await client.reply().catch(() => undefined);
      return { reply, sentAt, answeredAt: reply === undefined ? Infinity : this.#recorder.tick() };
    };
    if (pace === 'at once') {
      const sentAt = this.#recorder.tick();
      client.send(Buffer.concat(commands.map(encodeCommand)));
      return Promise.all(commands.map(() => answer(sentAt)));
    }
    const answers: Answered[] = [];
    for (const words of commands) {
      const sentAt = this.#recorder.tick();
      client.send(encodeCommand(words));
      answers.push(await answer(sentAt));
    }
    return answers;
  }

  #single(place: number, request: Request, { reply, sentAt, answeredAt }: Answered): void {
    const outcome = reply === undefined ? 'unknown' : 'committed';
    const operations = request.observe(reply);
    this.#put(place, { sentAt, answeredAt, outcome, operations, title: request.words[0]! });
  }

  #block(
    place: number,
    requests: readonly Request[],
    ending: Ending,
    answers: readonly Answered[],
    seen: readonly Operation[],
  ): Outcome {
    const { reply, sentAt, answeredAt } = answers.at(-1)!;
    const { outcome, operations } = judge(requests, ending, answers);
    const title = seen.length > 0 ? 'WATCH … EXEC' : `MULTI … ${ending}`;
    const all = outcome === 'committed' ? [...seen, ...operations] : operations;
    this.#put(place, { sentAt, answeredAt, outcome, operations: all, title });
    return reply === undefined ? 'unknown' : outcome;
  }
}

/** A command that is no command is refused when it is queued, and EXEC then refuses the whole. */
const WRONG_COMMAND = ['NOSUCHCOMMAND'];

function blockOf(requests: readonly Request[], ending: Ending): (readonly string[])[] {
  const words = requests.map((request) => request.words);
  const wrong = ending === 'EXEC after an error' ? [WRONG_COMMAND] : [];
  return [['MULTI'], ...words, ...wrong, [ending === 'DISCARD' ? 'DISCARD' : 'EXEC']];
}

function judge(
  requests: readonly Request[],
  ending: Ending,
  answers: readonly Answered[],
): { outcome: Outcome; operations: Operation[] } {
  const replies = answers.map(({ reply }) => reply);
  const last = replies.at(-1);
  const attempted = requests.flatMap((request) => request.observe(undefined));
  if (last === undefined) return { outcome: 'unknown', operations: attempted };
  const problems: Operation[] = [];
  const expect = (isRight: boolean, what: string, reply: Reply | undefined) => {
    const shown = reply instanceof ReplyError ? reply.message : JSON.stringify(reply);
    if (!isRight) problems.push({ kind: 'strange', text: `${what} was answered ${shown}` });
  };
  expect(replies[0] === 'OK', 'MULTI', replies[0]);
  requests.forEach(({ words }, at) => {
    expect(replies[at + 1] === 'QUEUED', words.join(' '), replies[at + 1]);
  });
  if (Array.isArray(last)) {
    expect(ending === 'EXEC' && last.length === requests.length, ending, last);
    const operations = requests.flatMap((request, at) => request.observe(last[at] ?? null));
    return { outcome: 'committed', operations: [...operations, ...problems] };
  }
  if (ending === 'DISCARD') expect(last === 'OK', ending, last);
  else if (ending === 'EXEC after an error')
    expect(/^EXECABORT /.test(String((last as Error)?.message)), ending, last);
  else expect(last === null, ending, last);
  return { outcome: 'aborted', operations: [...attempted, ...problems] };
}
