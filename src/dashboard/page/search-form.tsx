/**
 * A search as a form. The address holds it, so it can be sent as a link, and "back" goes back to it.
 */
import type { ComponentChildren } from 'preact'
import { typedTime, typedTimeOrAge } from '../../inspect/typed-times.ts'
import { goTo, withQuery } from './address.tsx'
import { nowMs } from './browser-clock.ts'
import { timeText } from './text.tsx'

export interface Field {
  /** The parameter of the address. */
  readonly name: string
  readonly label: string
  /** Default `text`. A `time` is typed as people write it, and ms since the epoch in the address. */
  readonly kind?: 'text' | 'whole' | 'time' | undefined
  /** What can be chosen, where that is all there is: values with what they are called. */
  readonly choices?: readonly (readonly [value: string, label: string])[] | undefined
}

interface SearchFormProps {
  readonly address: URL
  readonly fields: readonly Field[]
  /** Other ways to search, beside the button. */
  readonly children: ComponentChildren
}

/** Keeps what was typed until it is sent: give it the query of the address as its key. */
export function SearchForm({ address, fields, children }: SearchFormProps) {
  const search = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const wanted = fields.map(({ name, kind }) => {
      const value = form.get(name)
      const text = typeof value === 'string' ? value : ''
      return [name, kind === 'time' ? timeOf(text, address.searchParams.get(name) ?? '') : text] as const
    })
    goTo(withQuery(new URL(address.pathname, address), Object.fromEntries(wanted)))
  }
  return (
    <form class="search" onSubmit={search}>
      {fields.map((field) => (
        <label key={field.name}>
          {field.label}
          <Input of={field} asked={address.searchParams.get(field.name) ?? ''} />
        </label>
      ))}
      <button type="submit">Search</button>
      {children}
    </form>
  )
}

function Input({ of: { name, kind = 'text', choices }, asked }: { readonly of: Field; readonly asked: string }) {
  if (choices !== undefined) {
    return (
      <select name={name}>
        {choices.map(([value, label]) => (
          <option key={value} value={value} selected={asked === value}>
            {label}
          </option>
        ))}
      </select>
    )
  }
  if (kind === 'time') {
    return (
      <input
        name={name}
        size={24}
        placeholder="2015-05-20 13:05, 5m ago"
        defaultValue={shownAs(asked)}
        onInput={({ currentTarget }) => currentTarget.setCustomValidity(complaintAbout(currentTarget.value))}
      />
    )
  }
  const isWhole = kind === 'whole'
  return (
    <input
      name={name}
      size={isWhole ? 8 : 14}
      inputMode={isWhole ? 'numeric' : 'text'}
      pattern={isWhole ? '[0-9]*' : undefined}
      title={isWhole ? 'A whole number from 0 on' : undefined}
      defaultValue={asked}
    />
  )
}

function complaintAbout(text: string): string {
  return text.trim() === '' || typedTimeOrAge(text.trim(), nowMs()) !== undefined
    ? ''
    : 'Expected a time such as 2015-05-20, 2015-05-20 13:05, 2015-05-20T13:05:00Z, 5 minutes ago, or ms since 1970.'
}

/** A time that was not edited stays the same moment, also in the hour that comes twice when clocks go back. */
function timeOf(text: string, asked: string): string {
  if (text === shownAs(asked)) return asked
  const ms = typedTimeOrAge(text.trim(), nowMs())
  return ms === undefined ? '' : String(ms)
}

/** A time of the address as it is typed, without zeros that say nothing; what is no time stays as it is. */
function shownAs(asked: string): string {
  const ms = /^\d+$/.test(asked) ? typedTime(`${asked} ms`) : undefined
  return ms === undefined ? asked : timeText(ms).replace(/(?::00)?\.000$/, '')
}
