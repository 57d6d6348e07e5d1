/** `client-output-buffer-limit`: when a client that does not take its replies is closed. */
import type { Connection } from './connection.ts';

export interface OutputLimitClass {
  /** Bytes at which the client is closed at once; 0 for no limit. */
  readonly hardBytes: number;
  /** Bytes that it may not exceed for more than `softSeconds`; 0 for no limit. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

export class OutputLimit {
  normal: OutputLimitClass;

  constructor(normal: OutputLimitClass) {
    this.normal = normal;
  }

  isExceeded(connection: Connection, bytes: number, nowMs: number): boolean {
    const limit = this.normal;
    if (limit.hardBytes > 0 && bytes > limit.hardBytes) return true;
    if (limit.softBytes === 0 || bytes <= limit.softBytes) {
      connection.softLimitSinceMs = 0;
      return false;
    }
    if (connection.softLimitSinceMs === 0) connection.softLimitSinceMs = nowMs;
    return nowMs - connection.softLimitSinceMs > limit.softSeconds * 1000;
  }
}
