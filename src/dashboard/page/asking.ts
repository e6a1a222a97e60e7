/**
 * One question to the dashboard, and its answer, or why there is none.
 */
import type { ErrorView } from '../views.ts'

export type Answer<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | {
      readonly state: 'failed'
      readonly code: string
      readonly message: string
      /** Whether it may soon succeed: then it is asked again. */
      readonly isPassing: boolean
    }

export async function ask<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { signal })
    const body = (await response.json()) as unknown
    if (response.ok) return { state: 'ready', value: body as T }
    const { code, message } = (body as ErrorView).error
    return { state: 'failed', code, message, isPassing: response.status === 503 }
  } catch {
    const message = 'The dashboard does not answer: its process may have ended. The page keeps trying.'
    return { state: 'failed', code: 'unreachable', message, isPassing: true }
  }
}
