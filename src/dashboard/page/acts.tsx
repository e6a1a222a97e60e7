/**
 * Changes from the page: each is asked about in a dialog first, which then says what was done.
 *
 * The dialog belongs to the page, not to what it was opened from: that may be gone once the change is made.
 */
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ActView, ChangesView, ErrorView } from '../views.ts'
import { useAnswer } from './answer.tsx'
import { Text } from './text.tsx'

/** A change, as the page asks about it. */
export interface Change {
  /** As a question: `Send 3 records again?` */
  readonly question: string
  /** What it will do, for the one who decides. */
  readonly effect: ComponentChildren
  /** What the button says: `Send again`. */
  readonly confirm: string
  /** Makes it, and returns what was done, in a sentence; `tell` shows how far it is. */
  readonly run: (tell: (text: string) => void) => Promise<string>
}

const Asking = createContext<((change: Change) => void) | undefined>(undefined)

interface ActsProps {
  /** Asks the server again whether it allows changes. */
  readonly again: unknown
  readonly children: ComponentChildren
}

/** Around the page: lets what is in it ask for changes, where the server allows them. */
export function Acts({ again, children }: ActsProps) {
  const answer = useAnswer<ChangesView>('/api/changes', again)
  const [change, setChange] = useState<Change>()
  const isAllowed = answer.state === 'ready' && answer.value.isAllowed
  return (
    <Asking.Provider value={isAllowed ? setChange : undefined}>
      {children}
      {change !== undefined && <Ask change={change} close={() => setChange(undefined)} />}
    </Asking.Provider>
  )
}

/** Whether changes are allowed: for what is shown only with them. */
export function useMayChange(): boolean {
  return useContext(Asking) !== undefined
}

interface ActButtonProps extends Change {
  readonly children: ComponentChildren
  readonly isDisabled?: boolean | undefined
}

/** A button that asks about a change; nothing where changes are not allowed. */
export function ActButton({ children, isDisabled = false, ...change }: ActButtonProps) {
  const ask = useContext(Asking)
  const button = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => () => keepFocus(button.current), [])
  if (ask === undefined) return null
  return (
    <button ref={button} type="button" disabled={isDisabled} onClick={() => ask(change)}>
      {children}
    </button>
  )
}

/** The keyboard stays in the page when what it was on, or in, is taken away. */
function keepFocus(leaving: Element | null): void {
  const { activeElement, body } = document
  if (leaving === null || (activeElement !== body && !leaving.contains(activeElement))) return
  document.querySelector<HTMLElement>('#main')?.focus({ preventScroll: true })
}

/** Asks the server for a change; what it refuses is an error that says why. */
export async function post<T extends ActView>(path: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => undefined)
  if (response === undefined) {
    throw new Error('The dashboard does not answer: its process may have ended. Check whether it was done.')
  }
  const answer = (await response.json()) as unknown
  if (response.ok) return answer as T
  throw new Error((answer as ErrorView).error.message)
}

type Phase =
  | { readonly kind: 'asking' }
  | { readonly kind: 'doing'; readonly text: string }
  | { readonly kind: 'done' | 'failed'; readonly text: string }

function Ask({ change, close }: { readonly change: Change; readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const leave = useRef<HTMLButtonElement>(null)
  const isBegun = useRef(false)
  const [phase, setPhase] = useState<Phase>({ kind: 'asking' })
  // The keyboard goes along with what is shown: a key that is pressed at once must not go elsewhere.
  useLayoutEffect(() => {
    dialog.current?.showModal()
    leave.current?.focus()
  }, [])
  const isOver = phase.kind === 'done' || phase.kind === 'failed'
  useLayoutEffect(() => {
    if (isOver) leave.current?.focus() // the other button has gone
  }, [isOver])
  const begin = async (): Promise<void> => {
    if (isBegun.current) return // the second of two clicks
    isBegun.current = true
    setPhase({ kind: 'doing', text: 'Working…' })
    try {
      setPhase({ kind: 'done', text: await change.run((text) => setPhase({ kind: 'doing', text })) })
    } catch (error) {
      setPhase({ kind: 'failed', text: error instanceof Error ? error.message : String(error) })
    }
  }
  const leaveIt = (): void => {
    if (dialog.current === null) return // that it was closed is told a moment later: there may be another by then
    dialog.current.close()
    keepFocus(dialog.current) // the browser has given it back to the button, unless the change took that away
    close()
  }
  return (
    <dialog
      ref={dialog}
      aria-labelledby="question"
      aria-describedby="effect"
      onCancel={(event) => {
        event.preventDefault()
        if (phase.kind !== 'doing') leaveIt()
      }}
      onClose={leaveIt}
    >
      <h2 id="question">
        <Text of={change.question} />
      </h2>
      <div id="effect">{change.effect}</div>
      <p role="status" class={`outcome ${phase.kind}`}>
        {phase.kind !== 'asking' && <Text of={phase.text} />}
      </p>
      {/* The one that stays is first: the second of two clicks finds nothing, not the way out. */}
      <p class="buttons">
        <button ref={leave} type="button" disabled={phase.kind === 'doing'} onClick={leaveIt}>
          {isOver ? 'Close' : 'Cancel'}
        </button>
        {!isOver && (
          <button type="button" class="confirm" aria-disabled={phase.kind === 'doing'} onClick={() => void begin()}>
            {change.confirm}
          </button>
        )}
      </p>
    </dialog>
  )
}
