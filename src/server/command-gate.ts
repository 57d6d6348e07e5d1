/**
 * What a command must pass before it is routed, while anything of it is in force: shards that do not serve, pauses, limits of
 * rate and of size, a disk that fails, and clients that are shown every command.
 * Nothing of it costs anything when it is not: connections are then `isUnchecked`, and the dispatcher does not ask.
 */
import type { Command } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import { Arguments } from '../protocol/arguments.ts';
import { NOT_ENOUGH_REPLICAS, RATE_LIMIT_EXCEEDED } from '../protocol/errors.ts';
import type { Connection } from './connection.ts';
import { Pause } from './pause.ts';
import { RateLimits } from './rate-limits.ts';
import type { Readiness } from './readiness.ts';
import { SizeLimits } from './size-limits.ts';
import type { TransactionQueue } from './transaction-queue.ts';

const RATE_OPTIONS = [
  'rate-limit-ops',
  'rate-limit-burst',
  'rate-limit-user-ops',
  'rate-limit-user-burst',
  'rate-limit-mode',
] as const;

export class CommandGate {
  /** Whether commands must be asked for here. */
  isActive = false;
  readonly pause: Pause = new Pause(() => this.#update());
  /** While the server ends. */
  readonly exitPause: Pause = new Pause(() => this.#update());
  /** Somebody is shown every command. */
  #isWatched = false;
  /** Why the data cannot be written to disk. */
  #diskProblem: string | undefined;
  /** Replicas are wanted for writes, and there never are any. */
  #lacksReplicas = false;
  readonly #rates = new RateLimits();
  readonly #sizes = new SizeLimits();
  readonly #readiness: Readiness;
  readonly #args = new Arguments();
  /** Called when `isActive` has changed. */
  #changed: () => void = () => {};

  constructor(config: Config, readiness: Readiness) {
    this.#readiness = readiness;
    readiness.states.onChange(() => this.#update());
    const setRates = () => {
      this.#rates.configure({
        ops: config.get('rate-limit-ops'),
        burst: config.get('rate-limit-burst'),
        userOps: config.get('rate-limit-user-ops'),
        userBurst: config.get('rate-limit-user-burst'),
        mode: config.get('rate-limit-mode'),
      });
      this.#update();
    };
    const setSizes = () => {
      this.#sizes.keyBytesMax = config.get('max-key-size');
      this.#sizes.valueBytesMax = config.get('max-value-size');
      this.#update();
    };
    const setReplicas = () => {
      this.#lacksReplicas = config.get('min-replicas-to-write') > 0 && config.get('min-replicas-max-lag') > 0;
      this.#update();
    };
    setReplicas();
    setRates();
    setSizes();
    config.onChange(['min-replicas-to-write', 'min-replicas-max-lag'], setReplicas);
    config.onChange(RATE_OPTIONS, setRates);
    config.onChange(['max-key-size', 'max-value-size'], setSizes);
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  /** From now on commands that need the disk get this error; with undefined they go on. */
  setDiskProblem(problem: string | undefined): void {
    this.#diskProblem = problem;
    this.#update();
  }

  /** Whether all commands are to come here, because somebody is shown them. */
  setWatched(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#update();
  }

  #update(): void {
    const hasLimits = this.#rates.isActive || this.#sizes.isActive;
    const isPaused = this.pause.mode !== 'none' || this.exitPause.mode !== 'none';
    const isHindered =
      this.#diskProblem !== undefined || this.#lacksReplicas || !this.#readiness.states.allServe;
    const isActive = isPaused || hasLimits || isHindered || this.#isWatched;
    if (isActive === this.isActive) return;
    this.isActive = isActive;
    this.#changed();
  }

  /** True when a shard that the command needs does not serve. To be asked before anything else. */
  isLoading(command: Command, args: Arguments): boolean {
    return this.#readiness.refuses(command, args);
  }

  /** The same for EXEC: when any of the queued commands needs such a shard. */
  isLoadingAny(queue: TransactionQueue): boolean {
    return queue.commands.some((command, i) => {
      queue.load(i, this.#args);
      return this.isLoading(command, this.#args);
    });
  }

  /**
   * True when the command may not run now: the connection waits, and the command comes again. `command` is undefined
   * for one that will be refused anyway; it counts all the same.
   */
  holds(connection: Connection, command: Command | undefined): boolean {
    if (command !== undefined && this.pause.stops(command)) {
      this.pause.hold(connection);
      return true;
    }
    if (command !== undefined && this.exitPause.stops(command)) {
      this.exitPause.hold(connection);
      return true;
    }
    return this.#isCounted(command) && this.#rates.holds(connection);
  }

  /** The text of the error when the command may not run at all. */
  refusal(connection: Connection, command: Command | undefined, args: Arguments): string | undefined {
    if (this.#isCounted(command) && this.#rates.refuses(connection)) return RATE_LIMIT_EXCEEDED;
    if (command === undefined) return undefined;
    const problem = this.#problemOf(command);
    if (problem !== undefined) return problem;
    return this.#sizes.isActive ? this.#sizes.problemOf(command, args) : undefined;
  }

  /** The same for EXEC, of the queued commands. */
  refusalOfAny(connection: Connection, queue: TransactionQueue): string | undefined {
    if (this.#rates.isActive && this.#rates.refuses(connection)) return RATE_LIMIT_EXCEEDED;
    for (const command of queue.commands) {
      const problem = this.#problemOf(command);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** Why a command of this kind is refused now, whatever its words are. */
  #problemOf(command: Command): string | undefined {
    if (this.#diskProblem !== undefined && command.needsDisk) return this.#diskProblem;
    return this.#lacksReplicas && command.isWrite ? NOT_ENOUGH_REPLICAS : undefined;
  }

  /** To be called when a command that passed has been dealt with. */
  passed(connection: Connection): void {
    this.#rates.passed(connection);
  }

  /** To be called when a connection is gone. */
  forget(connection: Connection): void {
    this.pause.forget(connection);
    this.exitPause.forget(connection);
    this.#rates.forget(connection);
  }

  /** Logging in and leaving are always possible: AUTH, HELLO, RESET and QUIT neither count nor wait for tokens. */
  #isCounted(command: Command | undefined): boolean {
    return this.#rates.isActive && !command?.withoutAuthentication;
  }
}
