/**
 * Which commands get the error LOADING, because a shard that they need does not serve. Nothing here is asked while
 * all shards do.
 */
import { keyWords } from '../commands/key-words.ts';
import { type Command, ROUTE } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import type { Router } from './router.ts';
import type { ShardStates } from './shard-states.ts';

export class Readiness {
  readonly states: ShardStates;
  readonly #router: Router;

  constructor(states: ShardStates, router: Router) {
    this.states = states;
    this.#router = router;
  }

  /**
   * While the server starts, only what Redis's table marks for that time runs, and of that nothing that needs a shard
   * which does not serve yet. When a shard has died, everything runs that does not need it.
   */
  refuses(command: Command, args: Arguments): boolean {
    if (this.states.allServe) return false;
    if (this.states.isStarting && !command.flags.includes('loading')) return true;
    switch (command.route) {
      case ROUTE.server:
        return false;
      case ROUTE.key:
        return this.#lacks(args, command.keyIndex);
      case ROUTE.keys:
      case ROUTE.together:
      case ROUTE.blocking:
        if (command.holdsAllShards?.(args)) return true;
        return keyWords(command.keys!, args).some((word) => this.#lacks(args, word));
      case ROUTE.every:
        return true;
      case ROUTE.transaction:
        return (
          command.keys !== undefined && keyWords(command.keys, args).some((word) => this.#lacks(args, word))
        );
      default:
        return this.#lacksChosen(command, args);
    }
  }

  #lacks(args: Arguments, word: number): boolean {
    return this.#isMissing(this.#router.linkOf(args, word).index);
  }

  /** Where no shard is chosen, because the words are wrong, the error about that is the better one. */
  #lacksChosen({ placement }: Command, args: Arguments): boolean {
    if (placement?.at !== 'chosen') return false;
    const chosen = placement.choose(args, this.#router.links.length);
    return typeof chosen === 'number' && this.#isMissing(chosen);
  }

  #isMissing(shard: number): boolean {
    return this.states.stateOf(shard) !== 'serving';
  }
}
