/**
 * What handlers may know of channels, those who listen to them, and those who watch all commands. The folder `server`
 * implements it; handlers never import that.
 */
import type { Client } from './context.ts';

/** What a client listens to. Names have one character a byte. Only the service changes them. */
export interface Subscriptions {
  readonly channels: Set<string>;
  readonly patterns: Set<string>;
  readonly shardChannels: Set<string>;
  /** About what they take of the acceptor's memory. */
  bytes: number;
}

export type SubscriptionKind = 'channels' | 'patterns' | 'shardChannels';

/** Clients that listen to anything, and what anybody listens to. */
export interface PubSubReport {
  readonly clients: number;
  readonly channels: number;
  readonly patterns: number;
  readonly shardChannels: number;
}

export interface PubSubService {
  /** Somebody listens to a channel or to a pattern; without that nothing needs to be made to be published. */
  readonly hasSubscribers: boolean;
  /** Sends `message` to all who listen to the channel, by its name or by a pattern. Returns how many got it. */
  publish(channel: Uint8Array, message: Uint8Array): number;
  /** The same for channels of SSUBSCRIBE, which are apart from the others and have no patterns. */
  publishToShard(channel: Uint8Array, message: Uint8Array): number;
  /** Does nothing when it listens to that already. */
  subscribe(client: Client, kind: SubscriptionKind, name: string): void;
  /** Does nothing when it does not listen to that. */
  unsubscribe(client: Client, kind: SubscriptionKind, name: string): void;
  /** Names that somebody listens to. */
  names(kind: SubscriptionKind): Iterable<string>;
  /** How many names somebody listens to. */
  count(kind: SubscriptionKind): number;
  /** How many clients listen to `name`. */
  listeners(kind: SubscriptionKind, name: string): number;
}

/** Clients that are shown every command (MONITOR). */
export interface MonitorService {
  add(client: Client): void;
}
