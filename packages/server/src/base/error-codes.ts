/**
 * Every error that a user can cause, or meet: its code, the HTTP status and what to do. docs/errors.md is checked
 * against this list.
 */
export const ERROR_CODES = {
  bad_parameter: { status: 400, advice: 'Mend the query parameter or header that the message names.' },
  bad_selector: {
    status: 400,
    advice: 'Write the selector as service{label="value", other!="x", third=~"re.*"}.',
  },
  bad_time: {
    status: 400,
    advice: 'Give unix time in s, ms, µs or ns, or a date such as -15minutes or 2026-05-01 12:00.',
  },
  bad_type: { status: 400, advice: 'Give a profile type of five parts, as /api/v1/types lists them.' },
  bad_name: { status: 400, advice: 'Give name=service or name=service{label=value,other=value}.' },
  bad_body: {
    status: 400,
    advice: 'Send a profile in the format that the request names, whole and unchanged.',
  },
  unsupported_format: { status: 400, advice: 'Send pprof, folded, lines or nylas.' },
  in_future: { status: 400, advice: 'Set the clock of the sender, or mend from and until.' },
  too_old: { status: 400, advice: 'Send windows that are younger than profiles are kept (retention).' },
  window_too_long: { status: 400, advice: 'Send windows of a week at the most.' },
  label_not_kept: {
    status: 400,
    advice: 'Ask for a later range, or leave the label out: old profiles are kept without it.',
  },
  unauthorized: {
    status: 401,
    advice: 'Send a token that the server knows as Authorization: Bearer TOKEN; see security.md.',
  },
  forbidden: { status: 403, advice: 'Use a token whose scope allows this: ingest, read or admin.' },
  forbidden_host: {
    status: 403,
    advice: 'Call the server by an address that it listens on, or allow the name with --allow-host.',
  },
  cross_site: { status: 403, advice: 'Send it from a program, not from a page of another site.' },
  not_found: { status: 404, advice: 'See /openapi.json for the routes.' },
  no_instance: {
    status: 404,
    advice:
      'Name a service whose agent pushes to this very server; GET /api/v1/instances lists the processes.',
  },
  unknown_capture: {
    status: 404,
    advice: 'Ask the server that the capture was asked of; it remembers the last 1000 until it is restarted.',
  },
  cannot_capture: {
    status: 409,
    advice: 'Ask for another type or another process; GET /api/v1/instances says what each can capture.',
  },
  capture_under_way: { status: 409, advice: 'Wait until it is over, or name another process.' },
  too_large: { status: 413, advice: 'Send smaller profiles, or raise the limit in the configuration.' },
  unsupported_encoding: { status: 415, advice: 'Send the body plain or with Content-Encoding: gzip.' },
  rate_limited: {
    status: 429,
    advice: 'Send it again after Retry-After seconds, or raise rate_limit of the token.',
  },
  queue_full: { status: 429, advice: 'Send it again after Retry-After seconds.' },
  query_too_slow: {
    status: 422,
    advice: 'Ask for a shorter range or fewer services, or raise limits.query_seconds.',
  },
  query_too_large: {
    status: 422,
    advice: 'Ask for a shorter range or fewer services, or raise limits.query_memory_bytes.',
  },
  too_many_captures: { status: 429, advice: 'Ask again after Retry-After seconds.' },
  too_many_queries: { status: 429, advice: 'Ask again after Retry-After seconds.' },
  query_cancelled: { status: 499, advice: 'Nothing: whoever asked had gone.' },
  query_failed: {
    status: 500,
    advice: 'Try again; if it stays, narrow the query and look at the log of the server.',
  },
  data_damaged: {
    status: 500,
    advice:
      'Ask for another range. A file of the store is damaged: everflame check finds it; see operations.md.',
  },
  internal: { status: 500, advice: 'Look at the log of the server, and report it.' },
  store_failed: { status: 503, advice: 'Send it again; the log of the server says what the store lacks.' },
  disk_full: {
    status: 503,
    advice:
      'Free space on the disk of the server or shorten the retention; see operations.md. Send it again.',
  },
  not_ready: { status: 503, advice: 'Wait; if it stays, look at the log of the server.' },
  closing: { status: 503, advice: 'The server is stopping. Send it again.' },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
