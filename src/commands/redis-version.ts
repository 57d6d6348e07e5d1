/** The version whose behaviour clients may expect: they branch on it. */
export const REDIS_VERSION = '7.2.4';
