/**
 * Channels and those who listen to them.
 *
 * A message is encoded once for all clients of a protocol version, and given to their connections, which write once a
 * turn. The order of messages is the same for all: what is published is given out at once, before the next command.
 */
import { fromLatin1, latin1 } from '../base/bytes.ts';
import { globMatches } from '../base/glob.ts';
import type { AclUser, ChannelRule } from '../commands/acl-service.ts';
import type { Client } from '../commands/context.ts';
import type { PubSubReport, PubSubService, SubscriptionKind } from '../commands/pub-sub-service.ts';
import { frameHead, PushFrames } from './push-frames.ts';

const MESSAGE = frameHead(3, 'message');
const SHARD_MESSAGE = frameHead(3, 'smessage');
const PATTERN_MESSAGE = frameHead(4, 'pmessage');
const KINDS: readonly SubscriptionKind[] = ['channels', 'patterns', 'shardChannels'];

/** About what a subscription takes in the sets and maps that hold it, besides its name. */
const SUBSCRIPTION_BYTES = 300;

function nameBytes(name: string): number {
  return SUBSCRIPTION_BYTES + 2 * name.length;
}

/** Those who listen to one name, in the order in which they came. */
interface Audience {
  readonly name: Uint8Array;
  readonly clients: Set<Client>;
}

type Audiences = Map<string, Audience>;

export class PubSub implements PubSubService {
  readonly #audiences: Readonly<Record<SubscriptionKind, Audiences>> = {
    channels: new Map(),
    patterns: new Map(),
    shardChannels: new Map(),
  };
  readonly #subscribers = new Set<Client>();
  readonly #frames = new PushFrames();

  get hasSubscribers(): boolean {
    const { channels, patterns } = this.#audiences;
    return channels.size > 0 || patterns.size > 0;
  }

  report(): PubSubReport {
    const { channels, patterns, shardChannels } = this.#audiences;
    return {
      clients: this.#subscribers.size,
      channels: channels.size,
      patterns: patterns.size,
      shardChannels: shardChannels.size,
    };
  }

  publish(channel: Uint8Array, message: Uint8Array): number {
    const { channels, patterns } = this.#audiences;
    let receivers = 0;
    if (channels.size > 0) {
      const audience = channels.get(latin1(channel, 0, channel.length));
      if (audience !== undefined) receivers += this.#send(audience, MESSAGE, [channel, message]);
    }
    if (patterns.size === 0) return receivers;
    for (const audience of patterns.values()) {
      if (!globMatches(audience.name, channel)) continue;
      receivers += this.#send(audience, PATTERN_MESSAGE, [audience.name, channel, message]);
    }
    return receivers;
  }

  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    const audience = this.#audiences.shardChannels.get(latin1(channel, 0, channel.length));
    return audience === undefined ? 0 : this.#send(audience, SHARD_MESSAGE, [channel, message]);
  }

  #send({ clients }: Audience, head: Uint8Array, words: readonly Uint8Array[]): number {
    const array = this.#frames.encode(head, words);
    let push: Uint8Array | undefined;
    // One that is closed for what it has not read leaves while this goes on.
    const { size } = clients;
    for (const client of clients) {
      if (client.resp === 2) {
        client.push(array);
      } else {
        push ??= this.#frames.asPush(array);
        client.push(push);
      }
    }
    return size;
  }

  subscribe(client: Client, kind: SubscriptionKind, name: string): void {
    client.subscriptions ??= { channels: new Set(), patterns: new Set(), shardChannels: new Set(), bytes: 0 };
    const own = client.subscriptions;
    if (own[kind].has(name)) return;
    this.#subscribers.add(client);
    own[kind].add(name);
    own.bytes += nameBytes(name);
    const audiences = this.#audiences[kind];
    const audience = audiences.get(name);
    if (audience === undefined) audiences.set(name, { name: fromLatin1(name), clients: new Set([client]) });
    else audience.clients.add(client);
  }

  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void {
    const own = client.subscriptions;
    if (own === undefined || !own[kind].delete(name)) return;
    own.bytes -= nameBytes(name);
    const audience = this.#audiences[kind].get(name)!;
    audience.clients.delete(client);
    if (audience.clients.size === 0) this.#audiences[kind].delete(name);
    if (KINDS.some((each) => own[each].size > 0)) return;
    client.subscriptions = undefined;
    this.#subscribers.delete(client);
  }

  /** To be called when a connection is gone or begins anew. */
  forget(client: Client): void {
    for (const kind of KINDS) {
      for (const name of client.subscriptions?.[kind] ?? []) this.unsubscribe(client, kind, name);
    }
  }

  names(kind: SubscriptionKind): Iterable<string> {
    return this.#audiences[kind].keys();
  }

  count(kind: SubscriptionKind): number {
    return this.#audiences[kind].size;
  }

  listeners(kind: SubscriptionKind, name: string): number {
    return this.#audiences[kind].get(name)?.clients.size ?? 0;
  }

  /** The rules of a user have changed: whoever listens as that user to what they do not allow is closed. */
  enforce(user: AclUser, allows: ChannelRule): void {
    for (const client of [...this.#subscribers]) {
      if (client.user === user && !this.#isAllowed(client, allows)) client.kill();
    }
  }

  #isAllowed({ subscriptions }: Client, allows: ChannelRule): boolean {
    return KINDS.every((kind) =>
      [...(subscriptions?.[kind] ?? [])].every((name) => allows(fromLatin1(name), kind === 'patterns')),
    );
  }
}
