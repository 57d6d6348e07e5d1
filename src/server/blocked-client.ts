/** The wait of a client for data, as its connection knows it. */
export interface BlockedClient {
  /** A shard has said that there is nothing yet. */
  readonly isBlocked: boolean;
  /** See Client.unblock. */
  unblock(withError: boolean): boolean;
  /** The connection is closed. */
  gone(): void;
}
