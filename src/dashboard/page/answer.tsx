/**
 * What is asked once: an answer, or why there is none. What was there stays until the next answer has come.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ErrorView } from '../views.ts'
import { Notice } from './notice.tsx'

export type Answer<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly code: string; readonly message: string }

/** Asks again when the path changes, or `again` does. */
export function useAnswer<T>(path: string | undefined, again: unknown = 0): Answer<T> {
  const [answer, setAnswer] = useState<{ readonly path: string | undefined; readonly answer: Answer<T> }>({
    path: undefined,
    answer: { state: 'loading' },
  })
  useEffect(() => {
    if (path === undefined) return undefined
    const stop = new AbortController()
    void ask<T>(path, stop.signal).then((found) => {
      if (!stop.signal.aborted) setAnswer({ path, answer: found })
    })
    return () => stop.abort()
  }, [path, again])
  return answer.path === path ? answer.answer : { state: 'loading' }
}

export async function ask<T>(path: string, signal: AbortSignal): Promise<Answer<T>> {
  try {
    const response = await fetch(path, { signal })
    const body = (await response.json()) as unknown
    if (response.ok) return { state: 'ready', value: body as T }
    const { code, message } = (body as ErrorView).error
    return { state: 'failed', code, message }
  } catch {
    return {
      state: 'failed',
      code: 'unreachable',
      message: 'The dashboard does not answer: its process may have ended.',
    }
  }
}

interface AnsweredProps<T> {
  readonly answer: Answer<T>
  readonly children: (value: T) => ComponentChildren
}

/** Draws an answer; until it has come, and where none will, it says so. */
export function Answered<T>({ answer, children }: AnsweredProps<T>) {
  switch (answer.state) {
    case 'loading':
      return <Notice kind="loading">Reading…</Notice>
    case 'ready':
      return <>{children(answer.value)}</>
    case 'failed':
      return answer.code.endsWith('_unknown') ? (
        <Notice kind="gone">Not found: {answer.message}. It may have been deleted.</Notice>
      ) : (
        <Notice kind="broken">{answer.message}</Notice>
      )
  }
}
