/** What CLIENT TRACKING needs of the acceptor, and what is known of a client that tracks keys. */
import type { Client } from './context.ts';

export interface TrackingOptions {
  /** The number of the client that gets the messages; 0: the client itself. */
  readonly redirect: number;
  /** It gets all changes of keys that begin with one of its prefixes, whatever it has read. */
  readonly isBroadcast: boolean;
  /** Only reads right after CLIENT CACHING YES are tracked, or all but those right after CLIENT CACHING NO. */
  readonly optIn: boolean;
  readonly optOut: boolean;
  /** It does not get its own changes. */
  readonly noLoop: boolean;
}

export interface TrackingState extends TrackingOptions {
  /** CLIENT CACHING was given, in the way that the mode allows; it is in force for the next command. */
  isCachingGiven: boolean;
  /** The client that messages go to was not there any more. */
  isRedirectBroken: boolean;
  /** Of BCAST, as latin1; the empty one stands for all keys. */
  readonly prefixes: ReadonlySet<string>;
}

export interface TrackingService {
  /** Switches tracking on, or gives it other options. Prefixes, as latin1, come to those that the client has. */
  enable(client: Client, options: TrackingOptions, prefixes: readonly string[]): void;
  disable(client: Client): void;
}

/** For INFO. */
export interface TrackingReport {
  readonly clients: number;
  /** Keys that somebody may have in a cache, and pairs of such a key and a client. */
  readonly keys: number;
  readonly items: number;
  readonly prefixes: number;
}
