/** Errors as RFC 9457 problems: what was wrong, with which field, and what would be right. */

import type { FastifyReply } from 'fastify';
import type { FieldProblem } from '../errors.ts';

export const PROBLEMS = {
  invalid_parameter: { status: 400, title: 'A parameter is wrong' },
  no_retail_choice: { status: 404, title: 'This place has no retail choice' },
  plans_not_listed: { status: 404, title: 'Plans at this place are not listed here' },
  unknown_place: { status: 404, title: 'This place is not known' },
  unknown_plan: { status: 404, title: 'This plan is not known' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  unauthorized: { status: 401, title: 'The token is missing or wrong' },
  nothing_published_then: { status: 404, title: 'Nothing was published yet at that time' },
  past_not_kept: { status: 404, title: 'The plans of that time cannot be rebuilt' },
  not_on_sale_then: { status: 404, title: 'This plan was not on sale at that time' },
  plan_id_reused: { status: 410, title: 'This plan is gone, and its id belongs to another product now' },
  unknown_provider: { status: 404, title: 'This provider is not known' },
  unknown_run: { status: 404, title: 'This run is not known' },
  unknown_webhook: { status: 404, title: 'This webhook is not known' },
  unknown_export: { status: 404, title: 'This export is not known' },
  export_not_here: { status: 503, title: 'The files of this export cannot be had here' },
  range_not_satisfiable: { status: 416, title: 'The file has no such part' },
  unknown_tdsp: { status: 404, title: 'This TDSP is not known' },
  changes_gone: { status: 410, title: 'These changes are no longer kept' },
  not_acceptable: { status: 406, title: 'The answer does not come in this format' },
  not_found: { status: 404, title: 'Nothing is at this address' },
  sync_stopped: { status: 409, title: 'Syncing is stopped' },
  sync_halted: { status: 409, title: 'Syncing was halted by an emergency' },
  not_ready: { status: 503, title: 'No plans are stored yet' },
  busy: { status: 503, title: 'Too many questions that take long at once' },
  storage_unavailable: { status: 503, title: 'The storage does not answer' },
  bad_request: { status: 400, title: 'The request cannot be read' },
  unsupported_media_type: { status: 415, title: 'The body is not JSON' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  method_not_allowed: { status: 405, title: 'This address does not take this method' },
  request_timeout: { status: 408, title: 'The request did not come to its end' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  uri_too_long: { status: 414, title: 'The address is too long' },
  body_too_large: { status: 413, title: 'The body is too large' },
  internal_error: { status: 500, title: 'Something unexpected went wrong' },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

interface ProblemDetails {
  detail: string;
  errors?: FieldProblem[];
  retry_after_seconds?: number;
  [extension: string]: unknown;
}

/** An error that a handler answers with. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails) {
    super(details.detail);
    this.code = code;
    this.details = details;
  }

  /** As Fastify names it, for error handlers that know no problems. */
  get statusCode(): number {
    return PROBLEMS[this.code].status;
  }
}

export function sendProblem(reply: FastifyReply, code: ProblemCode, details: ProblemDetails): FastifyReply {
  const { status } = PROBLEMS[code];
  const { retry_after_seconds = status === 503 ? 5 : null } = details;
  if (retry_after_seconds !== null) reply.header('retry-after', String(retry_after_seconds));
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="wattsync admin"');
  return reply
    .code(status)
    .header('content-type', PROBLEM_JSON)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(problemOf(code, details)));
}

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** The body of a problem. */
export function problemOf(code: ProblemCode, details: ProblemDetails): Record<string, unknown> {
  const { status, title } = PROBLEMS[code];
  return { type: `urn:wattsync:problem:${code}`, title, status, code, ...details };
}
