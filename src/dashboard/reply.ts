/**
 * How the server answers: JSON, files, and refusals that say why.
 */
import type { ServerResponse } from 'node:http'
import { type ErrorCode, MillraceError, messageOf } from '../core/errors.ts'
import { UnfitText } from '../inspect/unfit-text.ts'
import type { Health } from './health.ts'
import type { ErrorView } from './views.ts'

/** A view that is JSON already. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function replyJson(response: ServerResponse, status: number, view: unknown): void {
  const text = view instanceof JsonText ? view.text : JSON.stringify(view)
  replyText(response, status, 'application/json; charset=utf-8', text)
}

export function replyText(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
  response.end(text)
}

export function replyError(response: ServerResponse, status: number, code: string, message: string): void {
  replyJson(response, status, { error: { code, message } } satisfies ErrorView)
}

/** `saysWhy`: to someone who may see what is in the log. */
export function replyHealth(response: ServerResponse, { isOk, reasons }: Health, saysWhy: boolean): void {
  const lines = isOk ? ['ok'] : ['failing', ...(saysWhy ? reasons : [])]
  replyText(response, isOk ? 200 : 503, 'text/plain; charset=utf-8', `${lines.join('\n')}\n`)
}

/** What is refused before anything looks at what it asks for. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** What a question makes no sense for: a parameter that is none. */
export class BadQuestion extends Error {}

export function replyFailure(response: ServerResponse, error: unknown): void {
  if (error instanceof Refusal) {
    if (!response.req.complete) response.setHeader('connection', 'close') // the rest of it is not read
    return replyError(response, error.status, error.code, error.message)
  }
  if (error instanceof BadQuestion || error instanceof UnfitText) {
    return replyError(response, 400, 'bad_option', error.message)
  }
  if (error instanceof MillraceError) return replyError(response, statusOf(error.code), error.code, error.message)
  replyError(response, 500, 'failed', messageOf(error))
}

/** A change that does not fit what the log is like now. */
const conflicts: ReadonlySet<ErrorCode> = new Set([
  'application_running',
  'behind',
  'effects_undecided',
  'group_not_empty',
  'owned_by_application',
  'position_lost',
  'switch_refused',
])

function statusOf(code: ErrorCode): number {
  // What is encoded here is what the question says.
  if (code === 'bad_option' || code === 'encode_failed') return 400
  if (code === 'format_unknown') return 500
  if (code.endsWith('_unknown')) return 404
  if (conflicts.has(code)) return 409
  // What a later question may find otherwise.
  return code === 'closed' || code === 'log_in_use' || code === 'superseded' ? 503 : 500
}
