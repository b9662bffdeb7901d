/** The server's address, taken apart once and checked before anything depends on it. */
export interface ServerUrl {
  readonly https: boolean;
  readonly host: string;
  readonly port: number;
  /** A prefix in front of /ingest, '' or '/prefix'. */
  readonly path: string;
  /** What goes into the Host header. */
  readonly authority: string;
  /** For messages. */
  readonly text: string;
}

/** @throws RangeError with what the address must look like. */
export function parseServerUrl(text: string): ServerUrl {
  const trimmed = text.trim();
  const wanted = `must look like http://host:5555 or https://host/prefix, not ${JSON.stringify(trimmed)}`;
  let url: URL;
  try {
    url = new URL(trimmed);
  } catch {
    throw new RangeError(wanted);
  }
  if (!/^https?:$/.test(url.protocol) || url.hostname === '' || url.search !== '' || url.hash !== '')
    throw new RangeError(wanted);
  if (url.username !== '' || url.password !== '')
    throw new RangeError(
      'must not carry a user name: put a token into EVERFLAME_TOKEN or EVERFLAME_TOKEN_FILE',
    );
  const https = url.protocol === 'https:';
  const path = url.pathname.replace(/\/+$/, '');
  return {
    https,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (https ? 443 : 80) : Number(url.port),
    path,
    authority: url.host,
    text: `${url.protocol}//${url.host}${path}`,
  };
}
