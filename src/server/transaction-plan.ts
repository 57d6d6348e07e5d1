/**
 * What becomes of each command of a transaction: it runs here, on one shard, in parts on several, or on one that all others
 * are held for; or it is known already to fail.
 */
import { ALLOWED, COMMAND_DENIED, KEY_DENIED } from '../acl/selector.ts';
import type { Merge } from '../commands/command.ts';
import { keyWords } from '../commands/key-words.ts';
import { type Command, ROUTE } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';
import { noLongerAllowed } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import { Cutter } from './cut.ts';
import type { Router } from './router.ts';
import type { ShardLink } from './shard-link.ts';
import type { TransactionQueue } from './transaction-queue.ts';

/** A command, or a part of one, for one shard. */
export interface PlannedStep {
  readonly command: Command;
  readonly db: number;
  /** A part of a command, of which another is before it. */
  readonly isLaterPart: boolean;
  /** Undefined: the shard that the others are held for. */
  readonly link: ShardLink | undefined;
  /** Its words among the queue's, from the first behind the command's name to the last. */
  readonly first: number;
  readonly end: number;
  /** The numbers of those that it has, where these are not all. */
  readonly words: readonly number[] | undefined;
}

/** Where the reply of a command comes from. */
export type PlannedReply =
  | { readonly from: 'step' }
  /** Of so many steps. */
  | {
      readonly from: 'parts';
      readonly parts: number;
      readonly merge: Merge;
      readonly partOfKey: readonly number[];
    }
  | { readonly from: 'here' }
  | { readonly from: 'error'; readonly text: string; readonly hasRun: boolean };

export interface TransactionPlan {
  readonly steps: readonly PlannedStep[];
  /** One for each command; the steps are in the same order. */
  readonly replies: readonly PlannedReply[];
  /** All shards that have steps, or keys of one that needs several shards at once. */
  readonly links: readonly ShardLink[];
  /** A command needs several shards at once. */
  readonly isTogether: boolean;
  /** The reply is just the steps' replies one after the other. */
  readonly isPlain: boolean;
  readonly runsHere: boolean;
}

const FROM_STEP: PlannedReply = { from: 'step' };
const FROM_HERE: PlannedReply = { from: 'here' };

export interface PlannerHost {
  readonly router: Router;
  readonly databases: number;
  /** Why an option keeps the connection from running the command. */
  refusal(command: Command, connection: Connection): string | undefined;
  /** Notes in the log of users that a queued command was denied. */
  denied(connection: Connection, command: Command, args: Arguments, result: number, word: number): void;
}

export class TransactionPlanner {
  readonly #host: PlannerHost;
  readonly #args = new Arguments();
  readonly #cutter: Cutter;
  #steps: PlannedStep[] = [];
  #links: ShardLink[] = [];
  #isTogether = false;

  constructor(host: PlannerHost) {
    this.#host = host;
    this.#cutter = new Cutter(host.router);
  }

  plan(connection: Connection, queue: TransactionQueue): TransactionPlan {
    const steps: PlannedStep[] = [];
    const links: ShardLink[] = [];
    this.#steps = steps;
    this.#links = links;
    this.#isTogether = false;
    let { db } = connection;
    let isPlain = true;
    let runsHere = false;
    const args = this.#args;
    const replies = queue.commands.map((command, i): PlannedReply => {
      queue.load(i, args);
      const reply = this.#problem(connection, command) ?? this.#place(command, db, queue.firsts[i]!);
      if (reply.from !== 'step') isPlain = false;
      if (reply.from === 'here') {
        runsHere = true;
        db = command.databaseAfter?.(args, this.#host.databases) ?? db;
      }
      return reply;
    });
    return { steps, replies, links, isTogether: this.#isTogether, isPlain, runsHere };
  }

  /** Much may have changed since the command was queued, and its words are checked only now. */
  #problem(connection: Connection, command: Command): PlannedReply | undefined {
    const args = this.#args;
    const { restriction } = connection.user;
    if (restriction !== undefined) {
      const result = restriction.check(command, args);
      if (result !== ALLOWED) {
        this.#host.denied(connection, command, args, result, restriction.deniedWord);
        return { from: 'error', text: noLongerAllowed(reasonOf(result)), hasRun: false };
      }
    }
    const refusal = this.#host.refusal(command, connection);
    if (refusal !== undefined) return { from: 'error', text: refusal, hasRun: false };
    const problem = command.check?.(args);
    return problem === undefined ? undefined : { from: 'error', text: problem, hasRun: true };
  }

  #place(command: Command, db: number, first: number): PlannedReply {
    const { router } = this.#host;
    const args = this.#args;
    const { placement } = command;
    switch (command.route) {
      case ROUTE.key:
        return this.#whole(command, db, first, router.linkOf(args, command.keyIndex));
      case ROUTE.keys:
      case ROUTE.every: {
        if (placement?.at !== 'keys' && placement?.at !== 'every') break;
        const { parts, partOfKey } = this.#cutter.cut(command, args);
        // What is placed on every shard may answer something that only makes sense merged, also from one.
        if (parts.length === 1 && placement.at === 'keys') {
          return this.#whole(command, db, first, parts[0]!.link);
        }
        parts.forEach(({ link, words }, part) => {
          const some = words.map((word) => first + word);
          this.#add({ command, db, isLaterPart: part > 0, link, first: 0, end: 0, words: some });
        });
        return { from: 'parts', parts: parts.length, merge: placement.merge, partOfKey: partOfKey.slice() };
      }
      case ROUTE.chosen: {
        if (placement?.at !== 'chosen') break;
        const chosen = placement.choose(args, router.links.length);
        if (typeof chosen === 'string') return { from: 'error', text: chosen, hasRun: true };
        return this.#whole(command, db, first, router.links[chosen]!);
      }
      case ROUTE.together:
      case ROUTE.blocking:
        return this.#together(command, db, first);
      default:
        break;
    }
    return FROM_HERE;
  }

  #whole(command: Command, db: number, first: number, link: ShardLink | undefined): PlannedReply {
    const end = first + this.#args.count;
    this.#add({ command, db, isLaterPart: false, link, first: first + 1, end, words: undefined });
    return FROM_STEP;
  }

  #together(command: Command, db: number, first: number): PlannedReply {
    const { router } = this.#host;
    const links = new Set(
      command.holdsAllShards?.(this.#args)
        ? router.links
        : keyWords(command.keys!, this.#args).map((word) => router.linkOf(this.#args, word)),
    );
    if (links.size <= 1) {
      const [link = router.links[0]!] = links;
      return this.#whole(command, db, first, link);
    }
    for (const link of links) this.#concerns(link);
    this.#isTogether = true;
    return this.#whole(command, db, first, undefined);
  }

  #add(step: PlannedStep): void {
    this.#steps.push(step);
    if (step.link !== undefined) this.#concerns(step.link);
  }

  #concerns(link: ShardLink): void {
    if (!this.#links.includes(link)) this.#links.push(link);
  }
}

function reasonOf(result: number): string {
  if (result === COMMAND_DENIED) return 'no permission to execute the command or subcommand';
  if (result === KEY_DENIED) return 'no permission to touch the specified keys';
  return 'no permission to access one of the channels used as arguments to the command';
}
