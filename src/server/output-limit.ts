/** `client-output-buffer-limit`: when a client that does not take its replies is closed. */
import type { Connection } from './connection.ts';

export interface OutputLimitClass {
  /** Bytes at which the client is closed at once; 0 for no limit. */
  readonly hardBytes: number;
  /** Bytes at which it may not be for more than `softSeconds`; 0 for no limit. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

export interface OutputLimitClasses {
  readonly normal: OutputLimitClass;
  readonly replica: OutputLimitClass;
  readonly pubsub: OutputLimitClass;
}

export class OutputLimit {
  classes: OutputLimitClasses;

  constructor(classes: OutputLimitClasses) {
    this.classes = classes;
  }

  isExceeded(connection: Connection, bytes: number, nowMs: number): boolean {
    const limit = this.#of(connection);
    if (limit.hardBytes > 0 && bytes >= limit.hardBytes) return true;
    if (limit.softBytes === 0 || bytes < limit.softBytes) {
      connection.softLimitSinceMs = 0;
      return false;
    }
    if (connection.softLimitSinceMs === 0) connection.softLimitSinceMs = nowMs;
    return nowMs - connection.softLimitSinceMs > limit.softSeconds * 1000;
  }

  /** The class of a client by its type; masters are in that of ordinary clients. */
  #of({ type, isMonitor }: Connection): OutputLimitClass {
    const { normal, replica, pubsub } = this.classes;
    if (type === 'replica') return replica;
    if (type === 'pubsub') return pubsub;
    // What is sent to a monitor unasked does not end when it stops asking: without a limit it would fill the memory.
    const hasLimit = normal.hardBytes > 0 || normal.softBytes > 0;
    return isMonitor && !hasLimit ? pubsub : normal;
  }
}
