/**
 * Requests of the server itself to shards, on behalf of a command that runs in the acceptor and answers later. They have no
 * place in the order of anybody's replies.
 */
import type { Command } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import { REQUEST_PART, REQUEST_RUN_START } from '../ring/layout.ts';
import type { Connection } from './connection.ts';
import type { Router } from './router.ts';
import type { RunPool } from './run.ts';
import type { ShardStates } from './shard-states.ts';
import { SplitReply } from './split-reply.ts';

/** How often is looked whether a lane has room. */
const RETRY_MS = 1;

export class ShardRequests {
  readonly #router: Router;
  readonly #runs: RunPool;
  readonly #states: ShardStates;

  constructor(router: Router, runs: RunPool, states: ShardStates) {
    this.#router = router;
    this.#runs = runs;
    this.#states = states;
  }

  /**
   * Has the shard of the key `words[1]` run the `onShard` handler of `command`. Resolves to its reply in RESP2, undefined when
   * the shard does not serve. `sent` is called when there is something to publish.
   */
  async run(
    command: Command,
    connection: Connection,
    db: number,
    words: readonly Uint8Array[],
    sent: () => void,
  ): Promise<Uint8Array | undefined> {
    const args = new Arguments();
    args.setWords(words);
    const link = this.#router.linkOf(args, 1);
    const serves = () => this.#states.stateOf(link.index) === 'serving';
    const size = link.requestBytes(args, undefined);
    while (serves() && !link.hasRoomFor(size)) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    if (!serves()) return undefined;
    return new Promise((resolve) => {
      const split = new SplitReply(1, 'ok', 2, [], (reply) => resolve(reply.length > 0 ? reply : undefined));
      // When the shard dies, nobody knows whether it has run.
      split.connection = connection;
      const flags = REQUEST_RUN_START | REQUEST_PART;
      link.push(command.id, db, flags, this.#router.hashOf(args, 1), args, undefined);
      const run = this.#runs.take(undefined);
      run.split = split;
      link.openRun = undefined;
      link.queue(run);
      link.account(run, false, false);
      sent();
    });
  }
}
