/** A shard without threads and lanes: handlers over a real keyspace, for states that no command can make. */

import type { ShardContext } from '../../../src/commands/context.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import { ReplyBuffer, type ReplyWriter } from '../../../src/protocol/reply-writer.ts';
import { Mailbox } from '../../../src/ring/mailbox.ts';
import { TrackingBoard } from '../../../src/ring/tracking-board.ts';
import { ChangeNotices } from '../../../src/shard/change-notices.ts';
import { Together } from '../../../src/shard/together.ts';
import { Keyspace, type KeyspaceOptions } from '../../../src/store/keyspace.ts';
import type { KeyspaceView } from '../../../src/store/view.ts';
import { List } from '../../../src/types/list.ts';
import { type Push, type Reply, ReplyDecoder } from '../../support/decoder.ts';

const table = new CommandTable();

export class FakeShard implements ShardContext {
  readonly keyspace: Keyspace;
  args = new Arguments();
  readonly #buffer = new ReplyBuffer();
  reply = this.#buffer.writer;
  db = 0;
  hash = 0;
  shardIndex = 0;
  shardCount = 1;
  stringBytesMax = 512 * 1024 * 1024;
  commandName = '';
  activeExpire = false;
  readonly waiting = { reaches: () => true, claim: () => true, wait: () => false, register: () => {} };
  readonly changes: ChangeNotices;
  readonly transactions = { run: () => {}, watch: () => {}, unwatch: () => false };
  readonly together = new Together(this, 0, [Mailbox.memory()]);
  nowMs = 1_700_000_000_000;

  constructor(options: Partial<KeyspaceOptions> = {}) {
    this.keyspace = new Keyspace({
      ...options,
      databases: 16,
      seed: { k0: 1, k1: 2 },
      now: () => this.nowMs,
    });
    this.changes = new ChangeNotices(this.keyspace, TrackingBoard.memory(), '');
  }

  now(): number {
    return this.nowMs;
  }

  hashOf(index: number): number {
    return this.keyspace.hash(this.args.bytes, this.args.starts[index]!, this.args.ends[index]!);
  }

  shardOf(): number {
    return 0;
  }

  setTime(nowMs: number): void {
    this.nowMs = nowMs;
  }

  sleep(ms: number): void {
    this.nowMs += ms;
  }

  owns(): boolean {
    return true;
  }

  shardOfKey(): number {
    return 0;
  }

  notify(): void {}

  notifyRef(): void {}

  wantsEvents(): boolean {
    return false;
  }

  flushed(): void {}

  idOf(name: string): number {
    return table.byName(name)!.id;
  }

  runInner(id: number, _db: number, args: Arguments): Uint8Array {
    const buffer = new ReplyBuffer();
    this.runStep(id, this.db, args, buffer.writer);
    return buffer.take();
  }

  runStep(id: number, _db: number, args: Arguments, reply: ReplyWriter): number {
    const { placement } = table.all[id]!;
    if (placement === undefined || placement.at === 'server') throw new Error('it does not run on a shard');
    const { args: outerArgs, reply: outerReply, hash } = this;
    this.args = args;
    this.reply = reply;
    this.hash = this.hashOf(1);
    placement.handler(this);
    this.args = outerArgs;
    this.reply = outerReply;
    this.hash = hash;
    return -1;
  }

  /** Runs a command's handler and decodes what it answers. Words are latin1. */
  run(...words: readonly (string | number)[]): Reply | Push | symbol {
    const command = this.#read(words);
    const placement = command.placement;
    if (placement === undefined || placement.at === 'server') throw new Error('it does not run on a shard');
    placement.handler(this);
    return this.#takeReply();
  }

  /** Answers from a view, as another thread would. */
  runDirect(view: KeyspaceView, ...words: readonly (string | number)[]): Reply | Push | symbol {
    const { placement } = this.#read(words);
    const direct =
      placement?.at === 'key'
        ? placement.direct
        : placement?.at === 'keys'
          ? placement.directEach
          : undefined;
    if (direct === undefined) throw new Error('it has no direct handler');
    view.nowMs = this.nowMs;
    const found = view.locate(this.db, this.args.bytes, this.args.starts[1]!, this.args.ends[1]!, this.hash);
    if (found < 0) throw new Error('the view is unsure');
    direct(this.reply, view, found > 0, this.nowMs, this.args);
    return this.#takeReply();
  }

  /** Stores an entry of `type`, whose collection is a list all the same. */
  storeObject(key: string, type: number): void {
    const bytes = Buffer.from(key, 'latin1');
    const { keyspace } = this;
    const hash = keyspace.hash(bytes, 0, bytes.length);
    const list = new List(keyspace.objects.limits.list);
    list.pushTail(bytes, 0, bytes.length);
    keyspace.setObject(this.db, bytes, 0, bytes.length, hash, type, keyspace.objects.add(list), -1);
  }

  #read(words: readonly (string | number)[]) {
    this.args.setWords(words.map((word) => Buffer.from(String(word), 'latin1')));
    const command = table.find(this.args);
    if (command === undefined) throw new Error(`no command ${words[0]}`);
    this.commandName = command.fullName;
    this.hash = words.length > 1 ? this.hashOf(1) : 0;
    return command;
  }

  #takeReply() {
    const decoder = new ReplyDecoder();
    decoder.append(this.#buffer.take());
    const reply = decoder.next();
    if (decoder.buffered > 0) throw new Error('it answered more than one reply');
    return reply;
  }
}
