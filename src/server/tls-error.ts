/** A mistake in the TLS options, in one line. Apart, so that who catches it need not load TLS. */
export class TlsError extends Error {}
