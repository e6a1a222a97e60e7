/**
 * What was filled into a form.
 */

/** The text of a field; empty where there is no such field. */
export function textIn(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** A local time that was typed, in ms since the epoch, for an address. */
export function timeIn(form: FormData, name: string): string | undefined {
  const time = textIn(form, name).trim()
  return time === '' ? undefined : String(new Date(time).getTime())
}

/** What an input of a time takes: local, without a zone. */
export function localTime(ms: string): string {
  const at = Number(ms)
  if (ms === '' || !Number.isFinite(at)) return ''
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  return Number.isNaN(local.getTime()) ? '' : local.toISOString().slice(0, 19)
}
